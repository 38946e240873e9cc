"""Copies of an image: found, grouped, and the one worth keeping."""

from ._finding import Duplicates, find_duplicates

__all__ = ["Duplicates", "find_duplicates"]
