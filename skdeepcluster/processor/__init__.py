"""In how many threads, and in which precision, the processor is fastest."""

from ._products import faster_products, product_dtype
from ._threads_of_libraries import linear_algebra_in_one_thread, threads_worth_clusters
from ._threads_of_torch import (
    one_thread_of_torch_here,
    threads_worth_multiplications,
    torch_in_one_thread,
)

__all__ = [
    "faster_products",
    "linear_algebra_in_one_thread",
    "one_thread_of_torch_here",
    "product_dtype",
    "threads_worth_clusters",
    "threads_worth_multiplications",
    "torch_in_one_thread",
]
