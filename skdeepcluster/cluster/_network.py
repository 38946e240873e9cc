"""The network that embedded the images of a fit."""

from os import PathLike, fspath
from typing import NamedTuple


class NetworkRecord(NamedTuple):
    """Which network it was.

    ``name`` is a list for several networks, and None for features and where a network has no
    name; ``is_tuned`` says whether it was trained on the images.
    """

    name: str | list[str] | None = None
    is_tuned: bool = False

    @classmethod
    def of(cls, backbone, is_tuned):
        """Take note of a backbone as a user gives it."""
        is_several = isinstance(backbone, list | tuple)
        names = [_name(one) for one in (backbone if is_several else [backbone])]
        if None in names:
            return cls(None, is_tuned)
        return cls(names if is_several else names[0], is_tuned)


def _name(backbone):
    return fspath(backbone) if isinstance(backbone, str | PathLike) else None
