"""The results of a command."""

from typing import Any, NamedTuple


class Outcome(NamedTuple):
    """What a command prints at the end: ``data`` with ``--json``, otherwise ``text``."""

    data: dict[str, Any]
    text: str


def records(table):
    """Convert a DataFrame with its index to dicts for JSON; missing values become None."""
    table = table.reset_index()
    return table.astype(object).where(table.notna(), None).to_dict("records")
