"""The start of few samples is computed in one thread."""

from contextlib import nullcontext

from threadpoolctl import threadpool_limits

# Samples. With fewer, threads wait for one another longer than they work; on processors that are
# busy otherwise, they take ten times as long as one thread, and spend it waiting.
_WORTH_THREADS = 1000


def threads_worth(n_samples):
    """Return a context in which libraries compute in one thread if there are few samples."""
    return threadpool_limits(1) if n_samples < _WORTH_THREADS else nullcontext()
