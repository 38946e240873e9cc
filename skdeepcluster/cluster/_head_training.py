"""Training of the head on features that stay as they are."""

import numpy as np
import torch

from ..features import scaled_rows, stored_rows
from ..latent import LatentTrainer, as_tensor, encode, train
from ..neighbors import ROUNDING, neighborhood_information

# Standard deviation of the noise that stands in for an augmented view where only features
# are there, in units of each feature's own.
_FEATURE_NOISE = 0.3


def train_head(
    head,
    features,
    graph,
    sample,
    aim,
    *,
    start,
    max_epochs,
    patience,
    batch_size,
    learning_rate,
    generator,
    random_state,
    on_epoch,
):
    """Teach the head its start, then the objective.

    An epoch sees at most 50,000 samples, drawn anew each time, and is judged by twice as many.

    Parameters
    ----------
    head : LatentHead
        Changed.
    features : ndarray of shape (n_samples, n_features), float32 or float16
        Read by the batch, so it may be memory-mapped.
    graph : ndarray of shape (n_samples, n_neighbors), int64
        Nearest neighbours of the features.
    sample : GraphSample
        The part of ``graph`` that epochs are judged by.
    aim : Aim
    start : ndarray of shape (n_samples,), int64, or None
        Assignment that the head learns first.
    on_epoch : callable
        Told the record of each epoch; a true value stops the training.
    """
    centroids = aim.centroids.numpy()

    def inputs(indices, augment):
        batch = head.standardize(as_tensor(scaled_rows(features, indices.numpy())))
        if augment:
            noise = torch.randn(batch.shape, generator=generator)
            # A feature that never varies has no deviation.
            batch = batch + _FEATURE_NOISE * noise * (head.scale > 0)
        return batch

    trainer = LatentTrainer(
        head.from_standardized,
        inputs,
        torch.optim.Adam(head.layers.parameters(), lr=learning_rate),
        graph,
        aim.centroids,
        aim.prior,
        aim.loss_weights,
        batch_size=batch_size,
        generator=generator,
        # Clusters that are made definite before there are any would be definite at random.
        late_epoch=max_epochs // 2 if start is None else 0,
    )
    everything = len(sample.rows) == len(features)
    judged = features if everything else stored_rows(features, sample.rows)
    if start is not None:
        started = start[sample.rows]
        n_started = len(np.unique(started))
        start_score = neighborhood_information(started, sample.neighbors, len(centroids))

        def start_is_reached():
            labels = (encode(head, judged) @ centroids.T).argmax(axis=1)
            score = neighborhood_information(labels, sample.neighbors, len(centroids))
            return len(np.unique(labels)) >= n_started and score >= start_score - ROUNDING

        trainer.fit_labels(start, start_is_reached)
    train(
        trainer,
        lambda: encode(head, judged),
        sample,
        max_epochs=max_epochs,
        patience=patience,
        random_state=random_state,
        on_epoch=on_epoch,
    )
