"""The message after an interruption."""

from contextlib import contextmanager


@contextmanager
def explain_interruption(memory):
    """Say after Ctrl-C which features are kept and how to resume.

    Parameters
    ----------
    memory : Path or None
        Folder in which the features are cached.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"Features computed so far are kept in {str(memory)!r}: the same command resumes "
            "from there."
            if memory
            else "Nothing is kept. With --memory, the same command would resume."
        ) from None
