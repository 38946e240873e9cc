"""Fine-tuning as torchrun starts it; every rank writes its results to a folder."""

import sys
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from sklearn.datasets import load_sample_images

from skdeepcluster import DeepImageClusterer
from skdeepcluster.adaptation import (
    ClusterTargets,
    StageSettings,
    StageTrainer,
    TuningTargets,
    _stage_trainer,
    _tuning,
)
from skdeepcluster.backbones import load_backbone
from skdeepcluster.images import as_image_source


def cut_outs(n_images):
    """Two photographs in pieces, one after the other."""
    rng = np.random.default_rng(0)
    photos = load_sample_images().images
    corners = rng.integers(0, 400, size=(n_images, 2))
    return np.stack(
        [photos[i % 2][y : y + 27, x : x + 27] for i, (y, x) in enumerate(corners)]
    ), np.arange(n_images) % 2


def make_trainer(images, random_state, n_stages, verbose):
    return StageTrainer(
        load_backbone("untrained:resnet18", image_size=32),
        as_image_source(images),
        StageSettings(n_stages, torch.device("cpu"), n_jobs=1, verbose=verbose),
        np.random.RandomState(random_state),
    )


def train(images, scenes):
    """Train an epoch of one step with targets, then two of three steps without and with them."""
    trainer = make_trainer(images, random_state=0, n_stages=2, verbose=1)
    frozen = trainer.features()
    partners = (torch.arange(len(images))[:, None] + 2) % len(images)
    clusters = ClusterTargets.from_labels(frozen, scenes)
    targets = TuningTargets(partners, clusters)
    with (
        patch.object(_tuning, "_BATCH_SIZE", 200),
        patch.object(_tuning, "_MIN_STEPS_PER_EPOCH", 1),
    ):
        losses = [trainer.train_epoch(targets)]
    gradient = np.concatenate([weight.grad.flatten().numpy() for weight in trainer._stages.weights])
    first_tuned = trainer.features()
    with (
        patch.object(_stage_trainer, "_BATCH_SIZE", 60),
        patch.object(_tuning, "_BATCH_SIZE", 60),
        patch.object(_tuning, "_MIN_STEPS_PER_EPOCH", 1),
    ):
        losses += [trainer.train_epoch(), trainer.train_epoch(targets)]
    tuned = trainer.features()
    weights = trainer.finish().network.state_dict()
    return {
        "frozen": frozen,
        "gradient": gradient,
        "losses": np.array(losses),
        "first": first_tuned,
        "tuned": tuned,
        "weights": np.concatenate([tensor.flatten().numpy() for tensor in weights.values()]),
    }


def train_and_cluster(folder, rank=0):
    """Return all that training decides; write a cache and a model to a folder."""
    # Views are computed in three blocks of images: two on one rank, one on the other.
    images, scenes = cut_outs(170)
    results = train(images, scenes)
    est = DeepImageClusterer(
        2,
        backbone="untrained:test_resnet",
        image_size=32,
        init="kmeans",
        fine_tune=1,
        fine_tune_iter=1,
        max_iter=1,
        memory=folder / "cache",
        n_jobs=1,
        random_state=0,
    )
    results["labels"] = est.fit_predict(images[:40])
    est.save(folder / f"model-{rank}")
    return results


def main(folder):
    torch.distributed.init_process_group("gloo")
    rank = torch.distributed.get_rank()
    results = train_and_cluster(folder, rank)
    try:
        make_trainer(cut_outs(2)[0], random_state=rank, n_stages=1, verbose=0)
    except ValueError as error:
        results["error"] = np.array(str(error))
    torch.distributed.destroy_process_group()
    np.savez(folder / f"rank-{rank}.npz", **results)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
