"""Threads of torch."""

from contextlib import contextmanager

# Multiplications of a forward pass: more than those of any head, fewer than of a network of images.
# Below, threads wait for one another nearly as long as they work: on cores that are busy otherwise
# a step takes ten times as long, and all of it is spent waiting.
_WORTH_THREADS = 2**30


@contextmanager
def threads_worth_multiplications(n_multiplications):
    """Let torch compute in one thread if so many multiplications are not worth several."""
    # Whoever has nothing to train does not load it.
    import torch

    n_threads = torch.get_num_threads()
    if n_multiplications >= _WORTH_THREADS:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)
