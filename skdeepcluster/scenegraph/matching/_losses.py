"""Losses of the matching of images and captions."""

import torch
from torch.nn import functional


def contrastive_loss(similarities: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of the matching pair among those of the batch, both ways (InfoNCE).

    Parameters
    ----------
    similarities : torch.Tensor of shape (n_pairs, n_pairs)
        Row k is the image of pair k, column k its caption; multiplied by the logit scale.
    images : torch.Tensor of shape (n_pairs,), int
        Image of each pair: two captions of one image are not negatives of each other.

    Returns
    -------
    loss : torch.Tensor, scalar, not negative

    References
    ----------
    A. Radford et al., "Learning Transferable Visual Models From Natural Language Supervision",
    ICML 2021, section 2.3.
    """
    same = images[:, None] == images
    same.fill_diagonal_(False)
    logits = similarities.masked_fill(same, -torch.inf)
    pairs = torch.arange(len(images), device=images.device)
    return functional.cross_entropy(logits, pairs) + functional.cross_entropy(logits.T, pairs)


def hardest_negative_loss(
    similarities: torch.Tensor, images: torch.Tensor, margin: float = 0.2
) -> torch.Tensor:
    """Hinge loss with the hardest negative of the batch, both ways (VSE++, as used by SGM).

    ``max(0, m - S_kk + max_l S_kl) + max(0, m - S_kk + max_l S_lk)``, l over the pairs of other
    images: two captions of one image are not negatives of each other.

    Parameters
    ----------
    similarities : torch.Tensor of shape (n_pairs, n_pairs)
        Row k is the image of pair k, column k its caption.
    images : torch.Tensor of shape (n_pairs,), int
        Image of each pair.
    margin : float, default=0.2

    Returns
    -------
    loss : torch.Tensor, scalar, not negative
        Mean over pairs; 0 if all pairs are of one image.

    References
    ----------
    F. Faghri et al., "VSE++: Improving Visual-Semantic Embeddings with Hard Negatives",
    BMVC 2018, equation 6.
    """
    matching = similarities.diagonal()
    others = similarities.masked_fill(images[:, None] == images, -torch.inf)
    hinges = [(margin - matching + others.amax(dim=dim)).clamp_min(0) for dim in (0, 1)]
    return (hinges[0] + hinges[1]).mean()


def mean_negative_loss(
    similarities: torch.Tensor, images: torch.Tensor, margin: float = 0.2
) -> torch.Tensor:
    """Hinge loss with all negatives of the batch, both ways.

    That is ``hardest_negative_loss`` with the mean over l of the hinges in place of the largest:
    gentler, while the hardest negative of a batch is a matter of chance.

    Parameters
    ----------
    similarities, images, margin
        As there.

    Returns
    -------
    loss : torch.Tensor, scalar, not negative
        Mean over pairs; 0 if all pairs are of one image.

    References
    ----------
    F. Faghri et al., equation 5, which has the sum over l.
    """
    matching, is_other = similarities.diagonal(), images[:, None] != images
    hinges = [
        (margin - own + similarities).clamp_min(0) * is_other
        for own in (matching, matching[:, None])
    ]
    n_others = is_other.sum(dim=0).clamp_min(1)
    return (hinges[0].sum(dim=0) / n_others + hinges[1].sum(dim=1) / n_others).mean()


def foil_loss(matching: torch.Tensor, foils: torch.Tensor, changed: torch.Tensor) -> torch.Tensor:
    """Logistic loss of captions against foils, which should fit the image less.

    Parameters
    ----------
    matching, foils : torch.Tensor of shape (n_pairs,)
        Similarities of the images with their captions and with the foils, multiplied by the
        logit scale.
    changed : torch.Tensor of shape (n_pairs,), bool
        Which captions could be changed; the others are ignored.

    Returns
    -------
    loss : torch.Tensor, scalar, not negative
    """
    return (functional.softplus(foils - matching) * changed).mean()
