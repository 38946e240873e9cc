"""Training of a matching model on images and their captions."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
import torch

from ._foils import exchange_ends, replace_predicate
from ._input_tensors import CaptionTensors, GraphTensors
from ._losses import contrastive_loss, foil_loss, hardest_negative_loss, mean_negative_loss
from ._matching_model import MatchingModel

# Share of the epochs in which the loss "hardest" learns from all negatives: networks that begin
# with the hardest of each batch hardly learn.
_WARM_UP = 1 / 3


@dataclass(frozen=True)
class TrainingSettings:
    """How a matching model is trained.

    Parameters
    ----------
    loss : {"contrastive", "hardest"}
    margin : float
        Margin of the loss "hardest".
    foil_weight : float
        Weight of the foil loss.
    max_epochs, batch_size : int
    learning_rate, weight_decay : float
    """

    loss: str
    margin: float
    foil_weight: float
    max_epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float


class TrainingPairs(NamedTuple):
    """Images and captions to learn from.

    ``owners``, int64 of shape (n_captions,), is the image of each caption; ``identities``, int64
    of shape (n_images,), is the same number for graphs that are the same.
    """

    graphs: GraphTensors
    captions: CaptionTensors
    owners: np.ndarray
    identities: np.ndarray

    def take(self, mask: np.ndarray) -> Self:
        """Return a part of the images, given by a mask, and their captions."""
        images, captions = np.flatnonzero(mask), np.flatnonzero(mask[self.owners])
        return self._replace(
            graphs=self.graphs.take(images),
            captions=self.captions.take(captions),
            owners=np.searchsorted(images, self.owners[captions]),
            identities=self.identities[images],
        )


def train_matching_model(
    model: MatchingModel,
    pairs: TrainingPairs,
    visual_vectors: torch.Tensor,
    textual_vectors: torch.Tensor,
    settings: TrainingSettings,
    random_state: np.random.RandomState,
    on_epoch: Callable[[dict[str, Any]], None],
) -> None:
    """Train a model; an epoch is each image with one of its captions.

    Parameters
    ----------
    model : MatchingModel
        Trained on the device where it is; pairs and phrases stay where they are.
    pairs : TrainingPairs
    visual_vectors, textual_vectors : torch.Tensor of shape (n_phrases, n_dimensions)
        Vectors of the phrases of graphs and of captions.
    settings : TrainingSettings
    random_state : RandomState
    on_epoch : callable
        Called after each epoch with a dict of "loss" and "seconds".
    """
    n_images, device = len(pairs.identities), model.device
    visual_vectors, textual_vectors = visual_vectors.to(device), textual_vectors.to(device)
    generator = torch.Generator().manual_seed(int(random_state.randint(2**31)))
    captions_of = _captions_by_image(pairs.owners, n_images)
    predicates = pairs.captions.triples[:, :, 1]
    predicates = predicates[predicates > 0]
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    n_steps = settings.max_epochs * -(-n_images // settings.batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, settings.learning_rate, total_steps=max(2, n_steps)
    )

    def pair_loss(similarities, identities, epoch):
        if settings.loss == "contrastive":
            return contrastive_loss(similarities * model.logit_scale, identities)
        warms_up = epoch < _WARM_UP * settings.max_epochs
        hinge_loss = mean_negative_loss if warms_up else hardest_negative_loss
        return hinge_loss(similarities, identities, settings.margin)

    def batch_loss(batch, epoch):
        inputs = pairs.captions.take(_draw_captions(captions_of, batch, random_state))
        images = model.visual(pairs.graphs.take(batch).to(device), visual_vectors)
        captions = model.textual(inputs.to(device), textual_vectors)
        identities = torch.from_numpy(pairs.identities[batch]).to(device)
        similarities = model.joint_similarity(images, captions)
        loss = pair_loss(similarities, identities, epoch)
        if settings.foil_weight:
            matching = model.joint_similarity_of_pairs(images, captions)
            for foils, changed in (
                exchange_ends(inputs, generator),
                replace_predicate(inputs, predicates, generator),
            ):
                encoded = model.textual(foils.to(device), textual_vectors)
                similarity = model.joint_similarity_of_pairs(images, encoded)
                loss = loss + settings.foil_weight * foil_loss(
                    matching * model.logit_scale,
                    similarity * model.logit_scale,
                    changed.to(device),
                )
        return loss

    for epoch in range(settings.max_epochs):
        started = time.perf_counter()
        model.train()
        losses = []
        order = random_state.permutation(n_images)
        for start in range(0, n_images, settings.batch_size):
            loss = batch_loss(order[start : start + settings.batch_size], epoch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        model.eval()
        seconds = time.perf_counter() - started
        on_epoch({"loss": float(np.mean(losses)), "seconds": seconds})


def _captions_by_image(owners, n_images):
    """Return the captions in the order of their images, and where those of each image start."""
    order = np.argsort(owners, kind="stable")
    return order, np.searchsorted(owners[order], np.arange(n_images + 1))


def _draw_captions(captions_of, images, random_state):
    """Draw one caption of each image."""
    order, starts = captions_of
    counts = starts[images + 1] - starts[images]
    return order[starts[images] + (random_state.random_sample(len(images)) * counts).astype(int)]
