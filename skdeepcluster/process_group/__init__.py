"""Processes that torchrun has started together, seen from one of them."""

from ._ranks import check_alike, from_first, gather_rows, is_parallel, n_ranks, rank

__all__ = ["check_alike", "from_first", "gather_rows", "is_parallel", "n_ranks", "rank"]
