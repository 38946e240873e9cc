"""The network that embedded the images of a fit."""

from os import PathLike, fspath
from typing import NamedTuple


class NetworkRecord(NamedTuple):
    """Which network it was.

    ``name`` is None for features and for a network without a name; ``is_tuned`` says whether
    it was trained on the images.
    """

    name: str | None = None
    is_tuned: bool = False

    @classmethod
    def of(cls, backbone, is_tuned):
        """Take note of a backbone as a user gives it."""
        return cls(fspath(backbone) if isinstance(backbone, str | PathLike) else None, is_tuned)
