"""Progress bars of terminals and notebooks, and lines where there are only lines."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ..process_group import rank
from ._steps import step, titled

# A file of a run of an hour stays readable.
_SECONDS_BETWEEN_LINES = 30


def progress_bar(name, *, total=None, unit=None, verbose=1, bar_format=None, initial=0):
    """Make a bar that moves; where the standard error is a file, lines are written now and then.

    Parameters
    ----------
    name : str
        Of what is being done; in a counted step, the number of the step is shown as well.
    total : int, default=None
        Number of items; None if it is not known.
    unit : str, default=None
        What an item is.
    verbose : int, default=1
        Nothing is shown if it is not above 0.
    bar_format : str, default=None
        As of tqdm, in place of count and time.
    initial : int, default=0
        Items that were done before.

    Returns
    -------
    bar : tqdm
    """
    from tqdm.auto import tqdm

    options = {}
    # In notebooks, and where it is captured, another stream is in its place.
    stream = sys.stderr
    if stream is sys.__stderr__ and stream is not None and not stream.isatty():
        count = f"{{n_fmt}} of {{total_fmt}} {unit or 'item'}s"
        lines = f"{{desc}}: {count}, {{elapsed}} gone, {{remaining}} left{{postfix}}"
        bar_format = bar_format or lines
        options = {
            "file": _Lines(stream),
            "mininterval": _SECONDS_BETWEEN_LINES,
            "maxinterval": 2 * _SECONDS_BETWEEN_LINES,
        }
    return tqdm(
        desc=titled(name),
        total=total,
        unit=unit or "it",
        initial=initial,
        bar_format=bar_format,
        # In a process group of torch.distributed one of them shows it.
        disable=not verbose or rank() > 0,
        **options,
    )


@contextmanager
def timed_step(name: str, verbose: int) -> Iterator[None]:
    """Show a step while it is computed, and then how long it took."""
    with step(name), progress_bar(name, bar_format="{desc}: {elapsed}", verbose=verbose):
        yield


class _Lines:
    """A file to which each state of a bar is written as a line, the same one once."""

    def __init__(self, file):
        self._file = file
        self._last = ""

    def write(self, text):
        line = text.strip()
        if line and line != self._last:
            self._last = line
            print(line, file=self._file)

    def flush(self):
        self._file.flush()
