"""Similarity of images and captions on one level, node by node."""

import torch
from torch.nn import functional

from ._encoded import Nodes

# Products of pairs of nodes that are held at a time (float32: 64 MB).
_MOST_PRODUCTS = 2**24


def level_similarity(
    visual: Nodes, textual: Nodes, *, symmetric: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """Match every node of a caption with the best node of an image, for all images and captions.

    ``S[i, j] = sum_t w_jt max_v <textual[j, t], visual[i, v]> / sum_t w_jt`` (SGM, where all
    weights are 1). With ``symmetric``, the mean of that and of the same with the sides exchanged:
    then what a caption leaves out counts.

    Parameters
    ----------
    visual, textual : Nodes
        Unit vectors.
    symmetric : bool, default=False

    Returns
    -------
    similarities : torch.Tensor of shape (n_images, n_captions)
        0 where one of the two has no node.
    has_both : torch.Tensor of shape (n_images, n_captions), bool
        Whether both have nodes.
    """
    mask = textual.mask
    nodes, owners = textual.vectors[mask], mask.nonzero()[:, 0]
    textual_shares = _shares(textual)[mask][:, None]
    visual_shares = _shares(visual)
    repeated = _without_gaps(visual)
    n_captions, n_nodes = textual.n_graphs, visual.mask.shape[1]
    size = max(1, _MOST_PRODUCTS // max(1, len(nodes) * n_nodes))
    rows = []
    for part, shares in zip(repeated.split(size), visual_shares.split(size), strict=True):
        products = nodes @ part.flatten(0, 1).T
        best = products.unflatten(1, shares.shape).amax(dim=2)
        row = best.new_zeros(n_captions, len(part)).index_add(0, owners, best * textual_shares)
        if symmetric:
            # Products of unit vectors are not below -1.
            lowest = products.new_full((n_captions, products.shape[1]), -2)
            targets = owners[:, None].expand_as(products)
            best = lowest.scatter_reduce(0, targets, products, "amax").unflatten(1, shares.shape)
            row = (row + (best * shares).sum(dim=2)) / 2
        rows.append(row.T)
    similarities = torch.cat(rows)
    has_both = visual.mask.any(dim=1)[:, None] & textual.mask.any(dim=1)
    return torch.where(has_both, similarities, torch.zeros_like(similarities)), has_both


def denied_evidence(
    visual: Nodes, denied: Nodes, steepness: torch.Tensor, neutral: torch.Tensor
) -> torch.Tensor:
    """Add up the evidence that images show what captions deny, for all images and captions.

    ``D[i, j] = sum_t softplus(s * (max_v <denied[j, t], visual[i, v]> - neutral)) / s``: with a
    similarity in the logits ``s * S``, that is less the logarithm of the probability that the
    image does not show it.

    Parameters
    ----------
    visual, denied : Nodes
        Unit vectors.
    steepness, neutral : torch.Tensor, scalars
        The logit scale, and the similarity that is evidence neither for nor against, which images
        without nodes have.

    Returns
    -------
    evidence : torch.Tensor of shape (n_images, n_captions), not negative
        0 where nothing is denied.
    """
    mask = denied.mask
    nodes, owners = denied.vectors[mask], mask.nonzero()[:, 0]
    n_images, n_captions = visual.n_graphs, denied.n_graphs
    if not len(nodes):
        return denied.vectors.new_zeros(n_images, n_captions)
    has_nodes = visual.mask.any(dim=1)
    size = max(1, _MOST_PRODUCTS // (len(nodes) * visual.mask.shape[1]))
    rows = []
    for part, known in zip(_without_gaps(visual).split(size), has_nodes.split(size), strict=True):
        products = nodes @ part.flatten(0, 1).T
        best = products.unflatten(1, part.shape[:2]).amax(dim=2)
        best = torch.where(known, best, neutral)
        shown = functional.softplus(steepness * (best - neutral)) / steepness
        rows.append(shown.new_zeros(n_captions, len(part)).index_add(0, owners, shown).T)
    return torch.cat(rows)


def _without_gaps(visual):
    """Repeat one of an image's own nodes where one is missing: the maximum stays as it is."""
    first = visual.mask.int().argmax(dim=1, keepdim=True)[:, :, None]
    first = visual.vectors.gather(1, first.expand(-1, -1, visual.vectors.shape[2]))
    return torch.where(visual.mask[:, :, None], visual.vectors, first)


def _shares(nodes):
    """Return weights of nodes that sum to one in each graph with nodes."""
    return nodes.weights / nodes.weights.sum(dim=1, keepdim=True).clamp_min(1e-12)


def level_similarity_of_pairs(
    visual: Nodes, textual: Nodes, *, symmetric: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the ``level_similarity`` of image k and caption k only, for all k.

    Parameters
    ----------
    visual, textual : Nodes
        Of the same number of graphs.
    symmetric : bool, default=False

    Returns
    -------
    similarities : torch.Tensor of shape (n_pairs,)
        0 where one of the two has no node.
    has_both : torch.Tensor of shape (n_pairs,), bool
        Whether both have nodes.
    """
    products = textual.vectors @ visual.vectors.transpose(1, 2)
    similarities = _weighted_best(products, visual.mask, textual.weights)
    if symmetric:
        backwards = _weighted_best(products.transpose(1, 2), textual.mask, visual.weights)
        similarities = (similarities + backwards) / 2
    has_both = visual.mask.any(dim=1) & textual.mask.any(dim=1)
    return torch.where(has_both, similarities, torch.zeros_like(similarities)), has_both


def _weighted_best(products, mask, weights):
    best = products.masked_fill(~mask[:, None], -2).amax(dim=2)
    return (best * weights).sum(dim=1) / weights.sum(dim=1).clamp_min(1e-12)
