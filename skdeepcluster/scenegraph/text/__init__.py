"""Sentences to scene graphs."""

from ._parser import TextGraphParser
from ._rules import extract_facts

__all__ = ["Facts", "TextGraphParser", "extract_facts"]
