"""Steps and epochs of training towards the objective, whatever the network is."""

import math

import numpy as np
import torch

from ..processor import threads_worth_multiplications
from ._losses import alignment_loss

_MIN_STEPS_PER_EPOCH = 8
# Passes over the data in which a start is learned, and steps after which it is not learned better.
_START_EPOCHS = 5
_MAX_START_STEPS = 600
# Of the samples that are moved: the most of a batch, and the most that those of one cluster have of
# it, in units of what a cluster of the mean size has.
_MOST_MOVED = 0.5
_MOST_OF_CLUSTER = 8


class LatentTrainer:
    """Optimises a network's latents towards the ICBPL objective.

    The trainer knows nothing of what the samples are: ``views`` makes network inputs of
    indices.

    Parameters
    ----------
    network : callable
        Maps what ``views`` returns to unit latents.
    views : callable
        ``views(indices)`` with an int64 tensor of indices returns a random view of each sample.
    optimizer : Adam
    neighbors : ndarray of shape (n_samples, n_neighbors), int64
        From which neighbour partners are drawn.
    objective : Objective
    batch_size : int
    generator : torch.Generator
        Draws batches and partners.
    late_epoch : int, default=0
        First epoch with the nearest-centroid term. From an early start it empties clusters.
    guidance : Guidance, default=None
        Draws what is known of some samples.
    """

    def __init__(
        self,
        network,
        views,
        optimizer,
        neighbors,
        objective,
        *,
        batch_size,
        generator,
        late_epoch=0,
        guidance=None,
    ):
        self.network = network
        self.views = views
        self.optimizer = optimizer
        self.neighbors = torch.from_numpy(neighbors)
        self.objective = objective
        self.batch_size = batch_size
        self.generator = generator
        self.late_epoch = late_epoch
        self.guidance = guidance

    @property
    def centroids(self):
        """Centroids of the objective, (n_clusters, n_components)."""
        return self.objective.centroids

    def worthwhile_threads(self):
        """Give a context manager in which torch has as many threads as a step is worth."""
        n_samples = min(self.batch_size, len(self.neighbors))
        n_weights = sum(weights.numel() for weights in self.optimizer.parameters)
        return threads_worth_multiplications(n_samples * n_weights)

    def fit_labels(self, labels, is_good):
        """Train until the latents lie at the centroids of the given labels.

        Parameters
        ----------
        labels : ndarray of shape (n_samples,), int64
        is_good : callable
            Asked after the fifth pass over the data, and each one more, whether the start is
            reproduced.
        """
        targets = torch.from_numpy(labels).to(self.centroids.device)
        epoch = steps = 0
        while steps < _MAX_START_STEPS:
            for indices in self._batches(len(labels)):
                self._pull(indices, targets[indices])
                steps += 1
            epoch += 1
            if epoch >= _START_EPOCHS and is_good():
                break

    def move(self, targets, moved, emphasis):
        """Pull samples to the centroids of the given clusters, for a few steps.

        The rest of a batch are others, which would follow those that are moved otherwise.

        Parameters
        ----------
        targets : ndarray of shape (n_samples,), int64
        moved : ndarray of shape (n_samples,), bool
            At least one is.
        emphasis : float
            How many times as often as others those that are moved are drawn. The more, the surer
            they are moved, and the more the others suffer.
        """
        n_filled = len(np.unique(targets[moved]))
        most = min(_MOST_OF_CLUSTER * n_filled / len(self.centroids), _MOST_MOVED)
        n_moved = math.ceil(self.batch_size * min(emphasis * moved.mean(), most))
        parts = [(moved, n_moved), (~moved, self.batch_size - n_moved)]
        parts = [(torch.from_numpy(np.flatnonzero(of)), size) for of, size in parts if of.any()]
        clusters = torch.from_numpy(targets)
        for _ in range(_MIN_STEPS_PER_EPOCH):
            chosen = torch.cat([self._draw(*part) for part in parts])
            self._pull(chosen, clusters[chosen])

    def _draw(self, indices, size):
        # With repetition, so that a small part can weigh as much as a large one.
        return indices[torch.randint(len(indices), (size,), generator=self.generator)]

    def run_epoch(self, epoch):
        """Train for one epoch.

        Returns
        -------
        losses : dict of str to float
            Mean of each unweighted term, and ``"loss"``, their weighted sum.
        """
        sums = dict.fromkeys(["loss", *self.objective.loss_weights], 0.0)
        n_steps = 0
        for indices in self._batches(len(self.neighbors)):
            terms = self._terms(indices, self._draw_partners(indices))
            loss = self.objective.loss(terms, is_late=epoch >= self.late_epoch)
            # Before the late epoch there may be no term that has a weight.
            if loss.requires_grad:
                self.optimizer.step(loss)
            n_steps += 1
            sums["loss"] += float(loss.detach())
            for name, term in terms.items():
                sums[name] += float(term.detach())
        return {name: total / n_steps for name, total in sums.items()}

    def _terms(self, indices, partners):
        drawn = [indices, indices] if partners is None else [indices, indices, partners]
        guides = self.guidance and self.guidance.draw()
        if guides:
            drawn.append(guides.samples)
        latents = self.network(torch.cat([self.views(rows) for rows in drawn]))
        latents, views, *rest = latents.split([len(rows) for rows in drawn])
        guided = rest.pop() if guides else None
        return self.objective.terms(
            latents, views, rest[0] if rest else None, self.batch_size, guides, guided
        )

    def _draw_partners(self, indices):
        n_neighbors = self.neighbors.shape[1]
        if n_neighbors == 0:
            return None
        columns = torch.randint(n_neighbors, (len(indices),), generator=self.generator)
        return self.neighbors[indices, columns]

    def _batches(self, n_samples):
        """Yield index batches of nearly equal size; several passes for small data."""
        n_batches = math.ceil(n_samples / self.batch_size)
        for _ in range(math.ceil(_MIN_STEPS_PER_EPOCH / n_batches)):
            yield from torch.randperm(n_samples, generator=self.generator).tensor_split(n_batches)

    def _pull(self, indices, targets):
        """Step towards the centroids that the samples are meant to be at."""
        latents = self.network(self.views(indices))
        self.optimizer.step(alignment_loss(latents, self.centroids[targets]))
