"""Training of the encoders on images and their captions."""

import time
from typing import NamedTuple

import numpy as np
import torch

from ._foils import exchange_ends, replace_predicate
from ._inputs import CaptionInputs, GraphInputs
from ._losses import contrastive_loss, foil_loss, hardest_negative_loss


class Pairs(NamedTuple):
    """Images and captions to learn from.

    ``owners``, int64 of shape (n_captions,), is the image of each caption; ``identities``, int64
    of shape (n_images,), is the same number for graphs that are the same.
    """

    graphs: GraphInputs
    captions: CaptionInputs
    owners: np.ndarray
    identities: np.ndarray

    def of(self, chosen):
        """Return those of some images, given as a mask."""
        images, captions = np.flatnonzero(chosen), np.flatnonzero(chosen[self.owners])
        return Pairs(
            self.graphs.of(images),
            self.captions.of(captions),
            np.searchsorted(images, self.owners[captions]),
            self.identities[images],
        )


def train(
    model,
    pairs,
    visual_vectors,
    textual_vectors,
    *,
    loss,
    margin,
    foil_weight,
    max_epochs,
    batch_size,
    learning_rate,
    weight_decay,
    random_state,
    on_epoch,
):
    """Train a model, an epoch being each image with one of its captions.

    Parameters
    ----------
    model : MatchingModel
    pairs : Pairs
    visual_vectors, textual_vectors : torch.Tensor of shape (n_phrases, n_dimensions)
    loss : {"contrastive", "hardest"}
    margin, foil_weight, learning_rate, weight_decay : float
    max_epochs, batch_size : int
    random_state : RandomState
    on_epoch : callable
        Called after each epoch with a dict of "loss" and "seconds".
    """
    n_images = len(pairs.identities)
    generator = torch.Generator().manual_seed(int(random_state.randint(2**31)))
    captions_of = _captions_by_image(pairs.owners, n_images)
    predicates = pairs.captions.triples[:, :, 1]
    predicates = predicates[predicates > 0]
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=weight_decay)
    n_steps = max_epochs * -(-n_images // batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, learning_rate, total_steps=max(2, n_steps)
    )

    def batch_loss(chosen):
        inputs = pairs.captions.of(_draw(captions_of, chosen, random_state))
        images = model.visual(pairs.graphs.of(chosen), visual_vectors)
        captions = model.textual(inputs, textual_vectors)
        identities = torch.from_numpy(pairs.identities[chosen])
        similarities = model.similarity(images, captions)
        if loss == "contrastive":
            total = contrastive_loss(similarities * model.temperature, identities)
        else:
            total = hardest_negative_loss(similarities, identities, margin)
        if foil_weight:
            matching = model.pair_similarity(images, captions)
            for foils, changed in (
                exchange_ends(inputs, generator),
                replace_predicate(inputs, predicates, generator),
            ):
                similarity = model.pair_similarity(images, model.textual(foils, textual_vectors))
                total = total + foil_weight * foil_loss(
                    matching * model.temperature, similarity * model.temperature, changed
                )
        return total

    for _ in range(max_epochs):
        started = time.perf_counter()
        model.train()
        losses = []
        order = random_state.permutation(n_images)
        for start in range(0, n_images, batch_size):
            total = batch_loss(order[start : start + batch_size])
            optimizer.zero_grad()
            total.backward()
            optimizer.step()
            schedule.step()
            losses.append(total.item())
        model.eval()
        seconds = time.perf_counter() - started
        on_epoch({"loss": float(np.mean(losses)), "seconds": seconds})


def _captions_by_image(owners, n_images):
    """Return the captions of each image, one after the other, and where each one's begin."""
    order = np.argsort(owners, kind="stable")
    return order, np.searchsorted(owners[order], np.arange(n_images + 1))


def _draw(captions_of, images, random_state):
    """Draw one caption of each image."""
    order, starts = captions_of
    counts = starts[images + 1] - starts[images]
    return order[starts[images] + (random_state.random_sample(len(images)) * counts).astype(int)]
