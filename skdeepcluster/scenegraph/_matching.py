"""Similarity of pictures and captions, node by node."""

import torch

# Products of pairs of nodes that are held at a time (float32: 64 MB).
_MOST_PRODUCTS = 2**24


def level_similarity(visual, textual, *, symmetric=False):
    """Match every node of a caption with the node of a picture that fits it best.

    ``S[i, j] = sum_t w_jt max_v <textual[j, t], visual[i, v]> / sum_t w_jt`` (SGM, where all
    weights are 1). With ``symmetric`` the mean of that and of the same with the sides exchanged:
    then what a caption leaves out counts.

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
    mask = queries.mask
    nodes = queries.vectors[mask]
    owners = mask.nonzero()[:, 0]
    shares = queries.weights / queries.weights.sum(dim=1, keepdim=True).clamp_min(1e-12)
    shares = shares[mask][:, None]
    # A missing node repeats the first one, which leaves the largest product as it is.
    repeated = torch.where(targets.mask[:, :, None], targets.vectors, targets.vectors[:, :1])
    columns = []
    size = max(1, _MOST_PRODUCTS // max(1, len(nodes) * targets.mask.shape[1]))
    for part in repeated.split(size):
        products = nodes @ part.flatten(0, 1).T
        best = products.unflatten(1, part.shape[:2]).amax(dim=2)
        sums = best.new_zeros(queries.n_graphs, len(part))
        columns.append(sums.index_add(0, owners, best * shares))
    return torch.cat(columns, dim=1)


def pair_similarity(visual, textual, *, symmetric=False):
    """``level_similarity`` of each picture with the caption of the same place alone.

    Parameters
    ----------
    visual, textual : Nodes
        Of the same number of graphs.
    symmetric : bool, default=False

    Returns
    -------
    similarities : torch.Tensor of shape (n_pairs,)
        0 where one of the two has no node.
    there : torch.Tensor of shape (n_pairs,), bool
    """
    products = textual.vectors @ visual.vectors.transpose(1, 2)
    similarities = _weighted_best(products, visual.mask, textual.weights)
    if symmetric:
        backwards = _weighted_best(products.transpose(1, 2), textual.mask, visual.weights)
        similarities = (similarities + backwards) / 2
    there = visual.mask.any(dim=1) & textual.mask.any(dim=1)
    return torch.where(there, similarities, torch.zeros_like(similarities)), there


def _weighted_best(products, mask, weights):
    # Products of unit vectors are not below -1.
    best = products.masked_fill(~mask[:, None], -2).amax(dim=2)
    return (best * weights).sum(dim=1) / weights.sum(dim=1).clamp_min(1e-12)
