"""What a user corrects in a clustering: read from a file, and learned from."""

from ._file import Corrections, read_corrections
from ._outcome import Wanted
from ._refine import refine, refined_to, wanted_of
from ._result import result_digest

__all__ = [
    "Corrections",
    "Wanted",
    "read_corrections",
    "refine",
    "refined_to",
    "result_digest",
    "wanted_of",
]
