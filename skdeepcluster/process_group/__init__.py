"""The process group of torch.distributed, such as torchrun starts; a single process is rank 0."""

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
    "is_parallel",
    "rank",
    "world_size",
]
