"""Fine-tuning of a backbone's last stages together with the head."""

import copy

import numpy as np
import torch

from ..backbones import make_engine
from ..images import iter_batches
from ..images._augment import RandomViews
from ..latent import LatentTrainer, encode, nearest_neighbors, train

_BATCH_SIZE = 64
# The head is trained already and the backbone's weights are worth keeping: both move slowly.
_HEAD_RATE = 0.2
_BACKBONE_RATE = 0.05


def fine_tune(
    backbone,
    head,
    source,
    graph,
    aim,
    *,
    n_stages,
    max_epochs,
    learning_rate,
    device,
    n_jobs,
    generator,
    random_state,
    on_epoch,
):
    """Train the last stages of a backbone and the head on augmented pictures.

    Batch normalisation keeps the statistics it was trained with: batches of a few similar
    pictures would spoil them. The neighbours are found anew after each epoch.

    Parameters
    ----------
    backbone : Backbone
        Left as it is.
    head : LatentHead
        Trained on the backbone's features; changed.
    source : ImageSource
        The pictures, all of which can be read.
    graph : ndarray of shape (n_samples, n_neighbors), int64
        Neighbours in the features of the backbone as it is.
    aim : Aim
    n_stages : int
        How many of the backbone's last stages are trained.

    Returns
    -------
    tuned : Backbone
        A copy with the best weights.
    """
    if n_stages > len(backbone.stages):
        raise ValueError(
            f"fine_tune={n_stages}, but the backbone {backbone.name!r} has "
            f"{len(backbone.stages)} stages."
        )
    tuned = copy.deepcopy(backbone)
    network = tuned.network.to(device).eval()
    head.to(device)
    trainable = {name for stage in tuned.stages[-n_stages:] for name in stage}
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name in trainable)
    mean = torch.tensor(tuned.mean, device=device)[:, None, None]
    std = torch.tensor(tuned.std, device=device)[:, None, None]
    views = RandomViews()

    def batches(indices, size):
        return iter_batches(source, tuned.resizing, indices=indices, batch_size=size, n_jobs=n_jobs)

    def inputs(indices, augment):
        (batch,) = batches(indices.numpy(), len(indices))
        pictures = torch.from_numpy(batch.pixels).to(device).permute(0, 3, 1, 2).float() / 255
        return views(pictures, generator) if augment else pictures

    def latents(pictures):
        return head(network((pictures - mean) / std))

    def all_latents():
        engine = make_engine(tuned, engine="torch", device=device, dtype="float32")
        features = np.concatenate([engine(batch.pixels) for batch in batches(None, _BATCH_SIZE)])
        trainer.neighbors = nearest_neighbors(features, graph.shape[1])
        return encode(head, features)

    optimizer = torch.optim.AdamW(
        [
            {"params": list(head.parameters()), "lr": learning_rate * _HEAD_RATE},
            {
                "params": [p for p in network.parameters() if p.requires_grad],
                "lr": learning_rate * _BACKBONE_RATE,
            },
        ]
    )
    trainer = LatentTrainer(
        latents,
        inputs,
        optimizer,
        graph,
        aim.centroids.to(device),
        aim.prior.to(device),
        aim.loss_weights,
        batch_size=_BATCH_SIZE,
        generator=generator,
        late_epoch=0,
    )
    try:
        train(
            trainer,
            all_latents,
            graph,
            max_epochs=max_epochs,
            patience=max_epochs,
            random_state=random_state,
            on_epoch=on_epoch,
        )
    finally:
        head.cpu()
        network.cpu()
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    return tuned
