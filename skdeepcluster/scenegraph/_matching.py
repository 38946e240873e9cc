"""Similarity of pictures and captions, node by node."""

import torch

# Products of pairs of nodes that are held at a time (float32: 256 MB).
_MOST_PRODUCTS = 2**26


def level_similarity(visual, textual, *, symmetric=False):
    """Match every node of a caption with the node of a picture that fits it best.

    ``S[i, j] = mean_t max_v <textual[j, t], visual[i, v]>`` (SGM). With ``symmetric`` the mean
    of that and of the same with the sides exchanged: then what a caption leaves out counts.

    Parameters
    ----------
    visual, textual : Nodes
    symmetric : bool, default=False

    Returns
    -------
    similarities : torch.Tensor of shape (n_pictures, n_captions)
        0 where one of the two has no node.
    there : torch.Tensor of shape (n_pictures, n_captions), bool
        Whether both have nodes.
    """
    similarities = mean_of_best(textual, visual).T
    if symmetric:
        similarities = (similarities + mean_of_best(visual, textual)) / 2
    there = visual.mask.any(dim=1)[:, None] & textual.mask.any(dim=1)
    return torch.where(there, similarities, torch.zeros_like(similarities)), there


def mean_of_best(queries, targets):
    """Mean over the nodes of a query of the largest product with a node of a target.

    Parameters
    ----------
    queries, targets : Nodes

    Returns
    -------
    similarities : torch.Tensor of shape (n_queries, n_targets)
        Without meaning where one of the two has no node.
    """
    nodes = queries.vectors[queries.mask]
    owners = queries.mask.nonzero()[:, 0]
    # A missing node repeats the first one, which leaves the largest product as it is.
    repeated = torch.where(targets.mask[:, :, None], targets.vectors, targets.vectors[:, :1])
    counts = queries.mask.sum(dim=1).clamp_min(1)[:, None]
    columns = []
    size = max(1, _MOST_PRODUCTS // max(1, len(nodes) * targets.mask.shape[1]))
    for part in repeated.split(size):
        products = nodes @ part.flatten(0, 1).T
        best = products.unflatten(1, part.shape[:2]).amax(dim=2)
        sums = best.new_zeros(queries.n_graphs, len(part)).index_add(0, owners, best)
        columns.append(sums / counts)
    return torch.cat(columns, dim=1)


def joint_similarity(levels):
    """Mean over the levels, objects and relations, that a pair has.

    A caption without a triple is judged by its objects alone, without a bonus or malus.

    Parameters
    ----------
    levels : list of (similarities, there)
        See ``level_similarity``.

    Returns
    -------
    similarities : torch.Tensor of shape (n_pictures, n_captions)
        0 where a pair has no level at all.
    """
    total = sum(similarities for similarities, _ in levels)
    return total / sum(there for _, there in levels).clamp_min(1)
