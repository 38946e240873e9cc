"""Threads of torch."""

from contextlib import contextmanager, nullcontext

from threadpoolctl import threadpool_limits

# Multiplications of a forward pass: more than those of any head, fewer than of a network of images.
# Below, threads wait for one another nearly as long as they work: on cores that are busy otherwise
# a step takes ten times as long, and all of it is spent waiting.
_WORTH_THREADS = 2**30


@contextmanager
def torch_in_one_thread():
    """Let torch compute in one thread."""
    # Whoever has nothing to train does not load it.
    import torch

    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)


def threads_worth_multiplications(n_multiplications):
    """Return a context in which torch has one thread if so many are not worth several."""
    return nullcontext() if n_multiplications >= _WORTH_THREADS else torch_in_one_thread()


def one_thread_of_torch_here():
    """Let torch compute in one thread in the thread that calls this, and as before in others."""
    import torch

    # A new thread gets the number of threads when torch is first asked for it.
    torch.get_num_threads()
    threadpool_limits(1, user_api="openmp")
