import pytest

from ._markdown import DOCUMENTS, NAMES

MOST_CHARACTERS = 100


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_lines_are_short(document):
    """But for rows of tables, and for links, which cannot be broken."""
    long = [
        f"line {number} has {len(line)} characters"
        for number, line in enumerate(document.read_text("utf-8").splitlines(), 1)
        if len(line) > MOST_CHARACTERS and not line.startswith("|") and "](" not in line
    ]
    assert not long, "; ".join(long)
