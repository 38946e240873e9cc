"""What a command comes to."""

from typing import Any, NamedTuple


class Outcome(NamedTuple):
    """What a command prints when it is done: ``data`` with ``--json``, else ``text``."""

    data: dict[str, Any]
    text: str


def records(table):
    """Rows of a DataFrame, with its index, as dicts that JSON can hold; missing values None."""
    table = table.reset_index()
    return table.astype(object).where(table.notna(), None).to_dict("records")
