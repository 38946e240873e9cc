"""Training of the latent space: the objective, batch by batch and epoch by epoch."""

import math

import numpy as np
import torch

from ..neighbors import EPOCH_SIZE, neighborhood_information
from ._losses import MMDLoss, alignment_loss, nearest_centroid_loss
from ._revival import split_into_empty

LOSS_WEIGHTS = {"mmd": 1.0, "augmentation": 1.0, "neighbor": 3.0, "nearest_centroid": 0.5}

# Below this many latents the sampling noise of the MMD drowns its signal, so a queue of
# earlier latents fills the batch up.
_MMD_SAMPLES = 256
_MIN_STEPS_PER_EPOCH = 8
_MAX_START_STEPS = 600


class LatentTrainer:
    """Optimises a network's latents towards the ICBPL objective.

    The trainer knows nothing of what the samples are: ``inputs`` makes network inputs of
    indices.

    Parameters
    ----------
    network : callable
        Maps what ``inputs`` returns to unit latents.
    inputs : callable
        ``inputs(indices, augment)`` with an int64 tensor of indices and whether the result
        shall be a random view.
    optimizer : torch.optim.Optimizer
    neighbors : ndarray of shape (n_samples, n_neighbors), int64
        Graph that neighbour partners are drawn from.
    centroids : torch.Tensor of shape (n_clusters, n_components)
    prior : torch.Tensor of shape (n_clusters,)
    loss_weights : dict
        Weight of each term of ``LOSS_WEIGHTS``.
    batch_size : int
    generator : torch.Generator
    late_epoch : int
        First epoch with the nearest-centroid term. From an early start it empties clusters.
    """

    def __init__(
        self,
        network,
        inputs,
        optimizer,
        neighbors,
        centroids,
        prior,
        loss_weights,
        *,
        batch_size,
        generator,
        late_epoch,
    ):
        self.network = network
        self.inputs = inputs
        self.optimizer = optimizer
        self.neighbors = neighbors
        self.centroids = centroids
        self.mmd_loss = MMDLoss(centroids, prior)
        self.loss_weights = loss_weights
        self.batch_size = batch_size
        self.generator = generator
        self.late_epoch = late_epoch
        self._queue = centroids.new_empty((0, centroids.shape[1]))

    def fit_labels(self, labels, is_good):
        """Train until the latents lie at the centroids of the given labels.

        Parameters
        ----------
        labels : ndarray of shape (n_samples,), int64
        is_good : callable
            Asked after each pass over the data, or each epoch's share of it, whether the
            start is reproduced.
        """
        targets = torch.from_numpy(labels).to(self.centroids.device)
        steps = 0
        while steps < _MAX_START_STEPS:
            for indices in self._batches(len(labels)):
                self._pull(indices, targets[indices])
                steps += 1
            if is_good():
                break

    def move(self, indices, targets, moved):
        """Pull samples to the centroids of the given clusters, for a few steps.

        Half of a batch are those that are to be moved, half are others, which would follow them
        otherwise.

        Parameters
        ----------
        indices, targets : ndarray of shape (n_samples,), int64
        moved : ndarray of shape (n_samples,), bool
        """
        parts = [torch.from_numpy(np.flatnonzero(part)) for part in (moved, ~moved)]
        samples, clusters = torch.from_numpy(indices), torch.from_numpy(targets)
        for _ in range(_MIN_STEPS_PER_EPOCH):
            chosen = torch.cat([self._draw(part) for part in parts if len(part)])
            self._pull(samples[chosen], clusters[chosen])

    def _draw(self, indices):
        # With repetition, so that few weigh as much as many.
        size = (-(-self.batch_size // 2),)
        return indices[torch.randint(len(indices), size, generator=self.generator)]

    def run_epoch(self, epoch):
        """Train for one epoch.

        Returns
        -------
        losses : dict of str to float
            Mean of each unweighted term, and ``"loss"``, their weighted sum.
        """
        neighbors = torch.from_numpy(self.neighbors)
        sums = dict.fromkeys(["loss", *LOSS_WEIGHTS], 0.0)
        n_steps = 0
        for indices in self._batches(len(self.neighbors)):
            terms = self._terms(indices, self._draw_partners(indices, neighbors))
            weights = dict(self.loss_weights)
            if epoch < self.late_epoch:
                weights["nearest_centroid"] = 0.0
            loss = sum(weights[name] * term for name, term in terms.items())
            self._step(loss)
            n_steps += 1
            sums["loss"] += float(loss.detach())
            for name, term in terms.items():
                sums[name] += float(term.detach())
        return {name: total / n_steps for name, total in sums.items()}

    def _terms(self, indices, partners):
        batch = [self.inputs(indices, False), self.inputs(indices, True)]
        if partners is not None:
            batch.append(self.inputs(partners, False))
        latents, view, *rest = self.network(torch.cat(batch)).split(len(indices))
        joined = torch.cat([latents, self._queue])
        missing = max(0, _MMD_SAMPLES - self.batch_size)
        self._queue = joined.detach()[:missing]
        mmd = self.mmd_loss(joined)
        # Each of the joined latents has a share of the loss, but only those of the batch can
        # move: without this their pull would be weaker the longer the queue.
        pull = len(joined) / len(latents)
        return {
            "mmd": mmd.detach() + pull * (mmd - mmd.detach()),
            "augmentation": alignment_loss(latents, view),
            # A lone sample has no neighbour.
            "neighbor": alignment_loss(latents, rest[0]) if rest else latents.new_zeros(()),
            "nearest_centroid": nearest_centroid_loss(latents, self.centroids),
        }

    def _draw_partners(self, indices, neighbors):
        if neighbors.shape[1] == 0:
            return None
        columns = torch.randint(neighbors.shape[1], (len(indices),), generator=self.generator)
        return neighbors[indices, columns]

    def _batches(self, n_samples):
        """Yield index batches of nearly equal size.

        Several passes for small data; for large data as many samples as make an epoch.
        """
        n_drawn = min(n_samples, EPOCH_SIZE)
        n_batches = math.ceil(n_drawn / self.batch_size)
        for _ in range(math.ceil(_MIN_STEPS_PER_EPOCH / n_batches)):
            shuffled = torch.randperm(n_samples, generator=self.generator)[:n_drawn]
            yield from shuffled.tensor_split(n_batches)

    def _pull(self, indices, targets):
        """Step towards the centroids that the samples are meant to be at."""
        latents = self.network(self.inputs(indices, False))
        self._step(alignment_loss(latents, self.centroids[targets]))

    def _step(self, loss):
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()


class BestState:
    """Remembers the parameters of the epoch that the unsupervised criterion liked best.

    More occupied clusters come first, then a higher neighbourhood information.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
        Its parameters are the ones remembered.
    """

    def __init__(self, optimizer):
        self._parameters = [p for group in optimizer.param_groups for p in group["params"]]
        self._saved: list[torch.Tensor] = []
        self.merit = (-1, -math.inf)

    def offer(self, labels, score):
        """Keep the present parameters if they are better; return whether they are."""
        merit = (len(np.unique(labels)), score)
        if merit <= self.merit:
            return False
        self.merit = merit
        self._saved = [p.detach().clone() for p in self._parameters]
        return True

    @torch.no_grad()
    def restore(self):
        """Put the best parameters back."""
        for parameter, saved in zip(self._parameters, self._saved, strict=True):
            parameter.copy_(saved)


def train(trainer, latents_of, sample, *, max_epochs, patience, random_state, on_epoch):
    """Train epoch after epoch; stop when the unsupervised criterion no longer rises.

    The best state seen, the start among them, is what the network holds at the end.

    Parameters
    ----------
    trainer : LatentTrainer
    latents_of : callable
        Returns the latents of the rows of ``sample``, an ndarray of shape
        (n_rows, n_components).
    sample : GraphSample
        Neighbours in the features as they were at the start, which judge every epoch alike.
    max_epochs : int
    patience : int
        Epochs without a better state after which training stops.
    random_state : RandomState instance
    on_epoch : callable
        Called with the record of each epoch; a true value stops the training.
    """
    best = BestState(trainer.optimizer)
    centroids = trainer.centroids.cpu().numpy()
    n_clusters = len(centroids)

    def assess():
        similarities = latents_of() @ centroids.T
        labels = similarities.argmax(axis=1)
        return (
            labels,
            1 - similarities.max(axis=1),
            neighborhood_information(labels, sample.neighbors, n_clusters),
        )

    previous, spread, score = assess()
    best.offer(previous, score)
    waited = 0
    for epoch in range(1, max_epochs + 1):
        if len(np.unique(previous)) < min(n_clusters, len(previous)):
            _revive(trainer, previous, spread, latents_of, sample.rows, random_state)
        losses = trainer.run_epoch(epoch - 1)
        labels, spread, score = assess()
        improved = best.offer(labels, score)
        record = {
            **losses,
            "learning_rate": float(trainer.optimizer.param_groups[0]["lr"]),
            "label_change": float((labels != previous).mean()),
            "n_occupied": len(np.unique(labels)),
            "score": score,
            "improved": improved,
        }
        previous = labels
        waited = 0 if improved else waited + 1
        if on_epoch(record) or waited >= patience:
            break
    best.restore()


def _revive(trainer, labels, spread, latents_of, rows, random_state):
    """Move half of the widest cluster to the centroid of each empty one."""
    n_clusters = len(trainer.centroids)
    revived = split_into_empty(labels, latents_of(), spread, n_clusters, random_state)
    moved = revived != labels
    if moved.any():
        trainer.move(rows, revived, moved)
