"""Words of sentences and phrases."""

import re

_WORD = re.compile(r"\w+(?:[-']\w+)*")


def split_words(text: str) -> list[str]:
    """Split a sentence into words, in lower case and without punctuation."""
    return _WORD.findall(text.lower().replace("\u2019", "'"))
