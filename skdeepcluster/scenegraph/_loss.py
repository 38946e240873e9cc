"""The ranking loss of picture and caption retrieval."""

import torch


def hardest_negative_loss(similarities, images, margin=0.2):
    """Hinge loss with the hardest negative of the batch, both ways (VSE++, as used by SGM).

    ``max(0, m - S_kk + max_l S_kl) + max(0, m - S_kk + max_l S_lk)``, l over the pairs of other
    pictures: two captions of one picture are no negatives of one another.

    Parameters
    ----------
    similarities : torch.Tensor of shape (n_pairs, n_pairs)
        Row k is the picture of pair k, column k its caption.
    images : torch.Tensor of shape (n_pairs,), int
        Which picture each pair is of.
    margin : float, default=0.2

    Returns
    -------
    loss : torch.Tensor, scalar, not negative
        Mean over pairs; 0 if all pairs are of one picture.

    References
    ----------
    F. Faghri et al., "VSE++: Improving Visual-Semantic Embeddings with Hard Negatives",
    BMVC 2018, equation 6.
    """
    matching = similarities.diagonal()
    others = similarities.masked_fill(images[:, None] == images, -torch.inf)
    hinges = [(margin - matching + others.amax(dim=dim)).clamp_min(0) for dim in (0, 1)]
    return (hinges[0] + hinges[1]).mean()
