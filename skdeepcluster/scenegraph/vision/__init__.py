"""Images to scene graphs."""

from ._parser import VisualGraphParser

__all__ = ["VisualGraphParser"]
