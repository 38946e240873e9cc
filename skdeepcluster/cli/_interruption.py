"""What becomes of an interrupted run."""

from contextlib import contextmanager


@contextmanager
def going_on(memory):
    """Tell who presses Ctrl-C what is kept.

    Parameters
    ----------
    memory : Path or None
        Where the features are kept.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"Features computed so far are kept in {str(memory)!r}: the same command goes on "
            "from there."
            if memory
            else "Nothing is kept; with --memory the same command would go on."
        ) from None
