"""Digests of what functions and networks do, the same in every process."""

from ._description import Description, digest_of

__all__ = ["Description", "digest_of"]
