"""The objective of ICBPL: four losses of latents, and their weights."""

from numbers import Real

import numpy as np
import torch

from ._losses import MMDLoss, alignment_loss, nearest_centroid_loss

LOSS_WEIGHTS = {"mmd": 1.0, "augmentation": 1.0, "neighbor": 3.0, "nearest_centroid": 0.5}

# Below this many latents the sampling noise of the MMD drowns its signal, so a queue of
# earlier latents fills the batch up.
_MMD_SAMPLES = 256


def check_loss_weights(loss_weights):
    """Fill in the default weights.

    Parameters
    ----------
    loss_weights : dict of str to float, or None

    Returns
    -------
    loss_weights : dict of str to float
        A weight for each of ``LOSS_WEIGHTS``.

    Raises
    ------
    ValueError
        If a name is unknown, or a weight negative or not finite.
    """
    given = loss_weights or {}
    unknown = sorted(set(given) - set(LOSS_WEIGHTS))
    if unknown:
        raise ValueError(f"loss_weights has {unknown}; the terms are {list(LOSS_WEIGHTS)}.")
    wrong = {
        name: weight
        for name, weight in given.items()
        if not (isinstance(weight, Real) and 0 <= float(weight) < np.inf)
    }
    if wrong:
        raise ValueError(f"loss_weights are finite numbers, not negative; got {wrong}.")
    return {**LOSS_WEIGHTS, **given}


class Objective:
    """What the latents are trained towards.

    Parameters
    ----------
    centroids : torch.Tensor of shape (n_clusters, n_components)
    prior : torch.Tensor of shape (n_clusters,)
        Share of each cluster.
    loss_weights : dict
        Weight of each term of ``LOSS_WEIGHTS``.
    """

    def __init__(self, centroids, prior, loss_weights):
        self.centroids = centroids
        self.loss_weights = loss_weights
        self._mmd_loss = MMDLoss(centroids, prior)
        self._queue = centroids.new_empty((0, centroids.shape[1]))

    def terms(self, latents, views, partners, batch_size):
        """Compute the unweighted terms of a batch.

        Parameters
        ----------
        latents, views : torch.Tensor of shape (n, n_components)
            Of the samples, and of a random view of each.
        partners : torch.Tensor of shape (n, n_components), or None
            Of a neighbour of each; None where a lone sample has none.
        batch_size : int
            Usual size of a batch; of smaller ones than 256, earlier latents join in the MMD.

        Returns
        -------
        terms : dict of str to torch.Tensor, scalars
        """
        joined = torch.cat([latents, self._queue])
        missing = max(0, _MMD_SAMPLES - batch_size)
        self._queue = joined.detach()[:missing]
        mmd = self._mmd_loss(joined)
        # Each of the joined latents has a share of the loss, but only those of the batch can
        # move: without this their pull would be weaker the longer the queue.
        pull = len(joined) / len(latents)
        return {
            "mmd": mmd.detach() + pull * (mmd - mmd.detach()),
            "augmentation": alignment_loss(latents, views),
            "neighbor": latents.new_zeros(())
            if partners is None
            else alignment_loss(latents, partners),
            "nearest_centroid": nearest_centroid_loss(latents, self.centroids),
        }

    def loss(self, terms, is_late):
        """Add the terms up, the nearest-centroid term only if ``is_late``."""
        weights = dict(self.loss_weights)
        if not is_late:
            weights["nearest_centroid"] = 0.0
        return sum(weights[name] * term for name, term in terms.items())
