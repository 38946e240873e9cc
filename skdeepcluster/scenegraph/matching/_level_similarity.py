"""Similarity of images and captions on one level, node by node."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch.nn import functional

from ...processor import product_dtype
from ._encoded import Nodes

# Products of pairs of nodes that are held at a time: few enough for the cache of a core (float32:
# 1 MB), where their maxima are found.
_MOST_PRODUCTS = 2**18
# Images that are compared together, if there are many captions.
_FEW_IMAGES = 32
# Other devices are quicker with fewer and larger blocks (64 MB).
_MORE = 2**6


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
    textual = _without_leading_gaps(textual)
    textual_shares, visual_shares = _shares(textual), _shares(visual).T

    def compare(block: _Block) -> torch.Tensor:
        best = block.products.amax(dim=2)
        shares = textual_shares[block.captions, : best.shape[1], None]
        forth = (best * shares).sum(dim=1)
        if not symmetric:
            return forth
        back = (block.products.amax(dim=1) * visual_shares[:, block.images]).sum(dim=1)
        return (forth + back) / 2

    similarities = _by_blocks(visual, textual, compare)
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
    has_nodes = visual.mask.any(dim=1)

    def compare(block: _Block) -> torch.Tensor:
        best = torch.where(has_nodes[block.images], block.products.amax(dim=2), neutral)
        return (functional.softplus(steepness * (best - neutral)) / steepness).sum(dim=1)

    return _by_blocks(visual, _without_leading_gaps(denied), compare)


class _Block(NamedTuple):
    """Products of the nodes of some captions, that have as many each, and of some images.

    ``captions`` and ``images`` are their indices; ``products`` has the shape (n_captions,
    n_textual_nodes, n_visual_nodes, n_images).
    """

    captions: torch.Tensor
    images: slice
    products: torch.Tensor


def _by_blocks(
    visual: Nodes, textual: Nodes, compare: Callable[[_Block], torch.Tensor]
) -> torch.Tensor:
    """Put the values of all blocks together, (n_images, n_captions); 0 without textual nodes.

    The nodes of a caption stand before its gaps.
    """
    n_images, n_visual = visual.mask.shape
    if not n_images or not textual.n_graphs:
        return visual.vectors.new_zeros(n_images, textual.n_graphs)
    dtype = _dtype_of_products(visual.vectors.device)
    # Images last, so that maxima over nodes are those of whole rows.
    visual_vectors = _without_gaps(visual).transpose(0, 1).to(dtype)
    textual_vectors = textual.vectors.to(dtype)
    counts = textual.mask.sum(dim=1)
    most_products = _MOST_PRODUCTS * (1 if counts.device.type == "cpu" else _MORE)
    most_images = max(_FEW_IMAGES, most_products // (n_visual * max(1, int(counts.sum()))))
    parts = [
        (images, visual_vectors[:, images].flatten(0, 1).T)
        for images in (slice(i, i + most_images) for i in range(0, n_images, most_images))
    ]
    order, rows = [], []
    for count in counts.unique().tolist():
        of_count = (counts == count).nonzero()[:, 0]
        if not count:
            order.append(of_count)
            rows.append(visual.vectors.new_zeros(len(of_count), n_images))
            continue
        most_captions = most_products // (count * n_visual * min(most_images, n_images))
        for captions in of_count.split(max(1, most_captions)):
            order.append(captions)
            nodes = textual_vectors[captions, :count].flatten(0, 1)
            blocks = (
                _Block(
                    captions,
                    images,
                    (nodes @ vectors).float().view(len(captions), count, n_visual, -1),
                )
                for images, vectors in parts
            )
            rows.append(torch.cat([compare(block) for block in blocks], dim=1))
    return torch.cat(rows)[torch.cat(order).argsort()].T


def _dtype_of_products(device):
    """Return the type in which nodes are multiplied: gradients are exact."""
    if device.type == "cpu" and not torch.is_grad_enabled():
        return product_dtype()
    return torch.float32


def _without_leading_gaps(textual):
    """Put the nodes of each caption before the places that have none."""
    order = textual.mask.int().argsort(dim=1, descending=True, stable=True)
    return Nodes(
        textual.vectors.gather(1, order[:, :, None].expand_as(textual.vectors)),
        textual.weights.gather(1, order),
    )


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
