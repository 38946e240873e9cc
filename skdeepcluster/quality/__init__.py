"""Images that are dark, blurred, blank or of odd size, by what is usual among the others."""

from ._flaws import find_flaws

__all__ = ["find_flaws"]
