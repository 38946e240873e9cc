"""Sentences to scene graphs."""

from ._parser import TextGraphParser
from ._rules import Facts, extract_facts

__all__ = ["Facts", "TextGraphParser", "extract_facts"]
