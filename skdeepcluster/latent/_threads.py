"""Small steps of a training are computed in one thread."""

from contextlib import contextmanager

import torch

# Multiplications of a forward pass. Below, threads wait for one another longer than they work:
# on cores that are busy otherwise a step takes ten times as long, and all of it is spent waiting.
_WORTH_THREADS = 2**26


@contextmanager
def threads_worth(n_multiplications):
    """Let torch compute in one thread if so many multiplications are not worth several."""
    n_threads = torch.get_num_threads()
    if n_threads == 1 or n_multiplications >= _WORTH_THREADS:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)
