"""Training of a backbone's last stages together with the head, by the losses of the head."""

import dataclasses
from copy import deepcopy

import numpy as np
import torch

from ..adaptation import LastStages
from ..latent import train_network
from ..neighbors import nearest_neighbors
from ._training_data import training_data

# Epochs after which neighbours are found anew, in the features as they are by then.
_RENEWAL = 10
# Images in a step at most, each with a view and a neighbour: activations of all are in memory.
_MAX_BATCH_SIZE = 128


def train_jointly(
    backbone,
    source,
    head,
    data,
    objective,
    settings,
    *,
    stage_settings,
    generator,
    random_state,
    on_epoch,
):
    """Train the last stages of a backbone and a head by one objective, as published.

    Every tenth epoch neighbours are found anew, in the features as they are by then.

    Parameters
    ----------
    backbone : Backbone
        Left as it is.
    source : ImageSource
        The images that are trained on, all of which can be read.
    head : LatentHead
        Whose standardisation is kept; it is trained itself.
    data : TrainingData
        Of the same images and of the backbone before training. Views are made anew, of images.
    objective : Objective
        On the device of the stages.
    settings : TrainingSettings
        A batch is 128 images at most.
    stage_settings : StageSettings
    generator : torch.Generator
        Draws views, batches and neighbours.
    random_state : RandomState instance
    on_epoch : callable
        As of ``train_head``; also called with what returns a copy of the backbone as it is.

    Returns
    -------
    backbone : Backbone
        A copy with other weights.
    head : LatentHead
    """
    device = stage_settings.device
    n_clusters, n_neighbors = len(objective.centroids), data.neighbors.shape[1]
    stages = LastStages(backbone, source, stage_settings, generator)
    head = head.to(device)

    @torch.inference_mode()
    def latents():
        return head(torch.from_numpy(stages.features()).to(device)).cpu().numpy()

    def renewed(epoch):
        if epoch == 0 or epoch % _RENEWAL:
            return None
        features = stages.features()
        neighbors = nearest_neighbors(features, n_neighbors)
        everyone = np.arange(len(features))
        return training_data(features, everyone, None, neighbors, None, n_clusters)

    with stages.requiring_gradients():
        train_network(
            lambda activations: head(stages.network(activations)),
            lambda indices: stages.random_views(indices, generator),
            latents,
            [*stages.weights, *head.parameters()],
            data,
            objective,
            dataclasses.replace(
                settings,
                batch_size=min(settings.batch_size, _MAX_BATCH_SIZE),
                # It is not in the paper.
                max_revivals=0,
            ),
            generator=generator,
            random_state=random_state,
            on_epoch=lambda record: on_epoch(record, lambda: deepcopy(head).cpu(), stages.snapshot),
            renewed=renewed,
        )
    return stages.finish(), head.cpu()
