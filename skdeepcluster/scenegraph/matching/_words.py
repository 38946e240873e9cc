"""Words of sentences and phrases."""

import re

from ..graph import plain_signs

# Words that by themselves tell no image from another.
FUNCTION_WORDS = frozenset(
    (
        *("a", "an", "and", "are", "be", "been", "being", "here", "is", "it", "its", "of", "or"),
        *("some", "that", "the", "there", "these", "this", "those", "to", "was", "were"),
    )
)
_WORD = re.compile(r"\w+(?:[-']\w+)*")


def split_words(text: str) -> list[str]:
    """Split a sentence into words, in lower case and without punctuation."""
    return _WORD.findall(plain_signs(text).lower())
