"""What readers leave out."""

import warnings
from collections import Counter
from os import PathLike


class Skipped:
    """Counts what a reader leaves out of a file, for one warning."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, what: str) -> None:
        """Count one more; ``what`` is a plural, such as "objects without a name"."""
        self._counts[what] += 1

    def warn(self, path: str | PathLike) -> None:
        """Warn once of all that was left out, if anything; called by the reader itself."""
        if self._counts:
            counts = ", ".join(f"{what} ({n:,})" for what, n in self._counts.most_common())
            warnings.warn(f"Left out of {str(path)!r}: {counts}.", stacklevel=3)
