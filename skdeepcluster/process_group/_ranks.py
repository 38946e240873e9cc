"""Collective operations of a process group; all work in a single process as well."""

from typing import Any

import torch
from torch import distributed


def is_parallel() -> bool:
    """Whether this process belongs to a group that ``init_process_group`` has set up."""
    return distributed.is_available() and distributed.is_initialized()


def rank() -> int:
    """Return the rank of this process in the group; 0 without a group."""
    return distributed.get_rank() if is_parallel() else 0


def world_size() -> int:
    """Return the number of processes in the group; 1 without a group."""
    return distributed.get_world_size() if is_parallel() else 1


def broadcast_from_rank_0(value: Any) -> Any:
    """Return, on every rank, the value that rank 0 passes in.

    Every rank must call it; what the other ranks pass in is ignored. The value is pickled.
    """
    if not is_parallel():
        return value
    values = [value]
    distributed.broadcast_object_list(values, src=0)
    return values[0]


def check_same_on_all_ranks(value: Any, message: str) -> None:
    """Check that every rank passes in an equal value.

    Every rank must call it. The values are pickled.

    Raises
    ------
    ValueError
        With this message, on every rank, if the values differ.
    """
    if is_parallel():
        values: list[Any] = [None] * world_size()
        distributed.all_gather_object(values, value)
        if any(other != values[0] for other in values):
            raise ValueError(message)


def all_gather_rows(rows: torch.Tensor, positions: torch.Tensor, n_rows: int) -> torch.Tensor:
    """Gather the rows of all ranks into one tensor, through which gradients flow.

    Every rank must call it. It is meant for a loss that every rank computes from all rows,
    under :class:`torch.nn.parallel.DistributedDataParallel`, which averages the gradients of
    the ranks. A rank's own rows alone carry gradients, which are multiplied by the number of
    ranks: the average is then the gradient of that loss.

    Parameters
    ----------
    rows : torch.Tensor of shape (n_own, ...)
        The rows that this rank has computed.
    positions : torch.Tensor of shape (n_own,), int64
        Their indices in the result, ascending. Each index belongs to exactly one rank.
    n_rows : int
        Number of rows on all ranks together.

    Returns
    -------
    gathered : torch.Tensor of shape (n_rows, ...)
        The same on every rank; ``rows`` itself without a group.
    """
    if not is_parallel():
        return rows
    gathered = rows.new_zeros(n_rows, *rows.shape[1:])
    gathered[positions] = rows.detach()
    distributed.all_reduce(gathered)
    if not rows.requires_grad:
        return gathered
    rows.register_hook(lambda gradient: gradient * world_size())
    return gathered.index_copy(0, positions, rows)
