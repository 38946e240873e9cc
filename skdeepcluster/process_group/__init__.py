"""Processes: the group of torch.distributed, in which a single one is rank 0, and forks."""

from ._forks import heed_forks
from ._ranks import (
    all_gather_rows,
    broadcast_from_rank_0,
    check_same_on_all_ranks,
    is_parallel,
    rank,
    world_size,
)

__all__ = [
    "all_gather_rows",
    "broadcast_from_rank_0",
    "check_same_on_all_ranks",
    "heed_forks",
    "is_parallel",
    "rank",
    "world_size",
]
