"""Processes that torchrun has started together, seen from one of them."""

from torch import distributed


def is_parallel():
    """Whether this process is one of a group, as ``init_process_group`` makes it."""
    return distributed.is_available() and distributed.is_initialized()


def rank():
    """Return the number of this process in the group; 0 if there is no group."""
    return distributed.get_rank() if is_parallel() else 0


def n_ranks():
    """Return the number of processes in the group; 1 if there is no group."""
    return distributed.get_world_size() if is_parallel() else 1


def from_first(value):
    """Return the value that rank 0 has, on every rank."""
    if not is_parallel():
        return value
    values = [value]
    distributed.broadcast_object_list(values, src=0)
    return values[0]


def check_alike(value, message):
    """Raise ValueError on every rank unless all have the same value."""
    if is_parallel():
        values = [None] * n_ranks()
        distributed.all_gather_object(values, value)
        if any(other != values[0] for other in values):
            raise ValueError(message)


def gather_rows(rows, places, n_rows):
    """Put the rows of all ranks together; gradients flow back to each rank's own.

    Every rank is meant to compute the same loss of the whole, and
    :class:`torch.nn.parallel.DistributedDataParallel` to average the gradients of the ranks:
    so that the average is the gradient of that loss, gradients of rows are multiplied by the
    number of ranks.

    Parameters
    ----------
    rows : torch.Tensor of shape (n, ...)
        Of this rank.
    places : torch.Tensor of shape (n,), int64
        Where they stand in the whole, ascending. Each place is filled by one rank.
    n_rows : int

    Returns
    -------
    whole : torch.Tensor of shape (n_rows, ...)
    """
    if not is_parallel():
        return rows
    whole = rows.new_zeros(n_rows, *rows.shape[1:])
    whole[places] = rows.detach()
    distributed.all_reduce(whole)
    if not rows.requires_grad:
        return whole
    rows.register_hook(lambda gradient: gradient * n_ranks())
    return whole.index_copy(0, places, rows)
