"""Processes that were forked from one which has computed before."""

import os

_is_new_fork = False


def _note_fork():
    global _is_new_fork
    _is_new_fork = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)


def heed_forks() -> None:
    """Compute in one thread if this process was forked, as by ``multiprocessing.Pool`` on Linux.

    Threads are not forked: a child would wait for ever for those that its parent has used.
    """
    global _is_new_fork
    if _is_new_fork:
        import torch
        from threadpoolctl import threadpool_limits

        threadpool_limits(1, user_api="openmp")
        torch.set_num_threads(1)
        _is_new_fork = False
