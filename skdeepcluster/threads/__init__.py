"""How many threads libraries compute with, where several are slower than one."""

from ._of_libraries import linear_algebra_in_one_thread, threads_worth_clusters
from ._of_torch import (
    one_thread_of_torch_here,
    threads_worth_multiplications,
    torch_in_one_thread,
)

__all__ = [
    "linear_algebra_in_one_thread",
    "one_thread_of_torch_here",
    "threads_worth_clusters",
    "threads_worth_multiplications",
    "torch_in_one_thread",
]
