"""The objective: losses of latents and of soft assignments, and their weights."""

from numbers import Real

import numpy as np
import torch

from ._losses import (
    MMDLoss,
    agreement_loss,
    alignment_loss,
    balance_loss,
    nearest_centroid_loss,
)

# Weights of the terms, by what views and neighbours are to agree on. Those of "latents" are of
# the published terms.
LOSS_WEIGHTS = {
    "assignments": {
        "mmd": 0.0,
        "balance": 5.0,
        "augmentation": 1.0,
        "neighbor": 1.0,
        "nearest_centroid": 2.0,
        "supervision": 1.0,
    },
    "latents": {
        "mmd": 1.0,
        "balance": 0.0,
        "augmentation": 1.0,
        "neighbor": 3.0,
        "nearest_centroid": 0.5,
        "supervision": 1.0,
    },
}
# Of the softmax of the cosines of a latent and the centroids.
_TEMPERATURE = 0.1
# Below this many latents the sampling noise of the MMD drowns its signal, so a queue of
# earlier latents fills the batch up.
_MMD_SAMPLES = 256


def check_loss_weights(loss_weights, agreement):
    """Fill in the default weights.

    Parameters
    ----------
    loss_weights : dict of str to float, or None
    agreement : {"assignments", "latents"}

    Returns
    -------
    loss_weights : dict of str to float
        A weight for each term.

    Raises
    ------
    ValueError
        If a name is unknown, or a weight negative or not finite.
    """
    given = loss_weights or {}
    defaults = LOSS_WEIGHTS[agreement]
    unknown = sorted(set(given) - set(defaults))
    if unknown:
        raise ValueError(f"loss_weights has {unknown}; the terms are {list(defaults)}.")
    wrong = {
        name: weight
        for name, weight in given.items()
        if not (isinstance(weight, Real) and 0 <= float(weight) < np.inf)
    }
    if wrong:
        raise ValueError(f"loss_weights are finite numbers, not negative; got {wrong}.")
    return {**defaults, **given}


class Objective:
    """What the latents are trained towards.

    Parameters
    ----------
    centroids : torch.Tensor of shape (n_clusters, n_components)
    prior : torch.Tensor of shape (n_clusters,)
        Share of each cluster.
    loss_weights : dict
        Weight of each term of ``LOSS_WEIGHTS``. Terms of weight 0 are not computed.
    agreement : {"assignments", "latents"}
        Whether an image shares its soft assignment with its views and neighbours, or, as
        published, its latent.
    is_supervised : bool, default=False
        Whether anything is known of some samples; else there is no term of it.
    """

    def __init__(self, centroids, prior, loss_weights, agreement, is_supervised=False):
        self.centroids = centroids
        self.prior = prior
        self.loss_weights = {
            name: weight
            for name, weight in loss_weights.items()
            if weight and (is_supervised or name != "supervision")
        }
        self.agreement = agreement
        self._mmd_loss = MMDLoss(centroids, prior)
        self._queue = centroids.new_empty((0, centroids.shape[1]))

    def terms(self, latents, views, partners, batch_size, guides=None, guided=None):
        """Compute the unweighted terms of a batch.

        Parameters
        ----------
        latents, views : torch.Tensor of shape (n, n_components)
            Of the samples, and of a random view of each.
        partners : torch.Tensor of shape (n, n_components), or None
            Of a neighbour of each; None where a lone sample has none.
        batch_size : int
            Usual size of a batch; of smaller ones than 256, earlier latents join in the MMD.
        guides : Guides, default=None
            Samples of which something is known.
        guided : torch.Tensor of shape (n_guides, n_components), default=None
            Of random views of these.

        Returns
        -------
        terms : dict of str to torch.Tensor, scalars
            Those that have a weight.
        """
        rows = [latents, views] if partners is None else [latents, views, partners]
        assignments = self._assignments(torch.cat(rows))
        of_samples, of_views, *of_partners = (
            assignments.split(len(latents)) if self.agreement == "assignments" else rows
        )
        disagreement = agreement_loss if self.agreement == "assignments" else alignment_loss
        compute = {
            "mmd": lambda: self._mmd(latents, batch_size),
            "balance": lambda: balance_loss(assignments.mean(dim=0), self.prior),
            "augmentation": lambda: disagreement(of_samples, of_views),
            "neighbor": lambda: (
                disagreement(of_samples, of_partners[0]) if of_partners else latents.new_zeros(())
            ),
            "nearest_centroid": lambda: nearest_centroid_loss(latents, self.centroids),
            "supervision": lambda: guides.loss(self._assignments(guided)),
        }
        return {name: compute[name]() for name in self.loss_weights}

    def _assignments(self, latents):
        return torch.softmax(latents @ self.centroids.T / _TEMPERATURE, dim=1)

    def _mmd(self, latents, batch_size):
        joined = torch.cat([latents, self._queue])
        missing = max(0, _MMD_SAMPLES - batch_size)
        self._queue = joined.detach()[:missing]
        mmd = self._mmd_loss(joined)
        # Each of the joined latents has a share of the loss, but only those of the batch can
        # move: without this their pull would be weaker the longer the queue.
        pull = len(joined) / len(latents)
        return mmd.detach() + pull * (mmd - mmd.detach())

    def loss(self, terms, is_late):
        """Add the terms up, the nearest-centroid term only if ``is_late``."""
        weighted = (
            self.loss_weights[name] * term
            for name, term in terms.items()
            if is_late or name != "nearest_centroid"
        )
        return sum(weighted, start=self.prior.new_zeros(()))
