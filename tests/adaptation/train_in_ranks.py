"""Fine-tuning as torchrun starts it; every rank writes what it ends with to a folder."""

import sys
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_sample_images

from skdeepcluster import DeepImageClusterer
from skdeepcluster.adaptation import Assignment, StageTrainer, _stage_trainer
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


def train(images, scenes):
    """Two epochs of a step with an assignment and without, and two epochs of three steps."""
    _stage_trainer._BATCH_SIZE = 200
    trainer = StageTrainer(
        load_backbone("untrained:resnet18", image_size=32),
        as_image_source(images),
        n_stages=2,
        device=torch.device("cpu"),
        n_jobs=1,
        random_state=np.random.RandomState(0),
        verbose=1,
    )
    frozen = trainer.features()
    assignment = Assignment.of(frozen, scenes)
    losses = [trainer.train_epoch(assignment)]
    gradient = np.concatenate([weight.grad.flatten().numpy() for weight in trainer._weights])
    first_tuned = trainer.features()
    _stage_trainer._BATCH_SIZE = 60
    losses += [trainer.train_epoch(), trainer.train_epoch(assignment)]
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


def main(folder):
    if torch.distributed.is_torchelastic_launched():
        torch.distributed.init_process_group("gloo")
        rank = torch.distributed.get_rank()
    else:
        rank = 0
    # Three blocks of images of which views are made: two for one rank, one for the other.
    images, scenes = cut_outs(170)
    results = train(images, scenes)
    est = DeepImageClusterer(
        2, image_size=32, fine_tune=1, fine_tune_iter=1, max_iter=1, n_jobs=1, random_state=0
    ).set_params(memory=folder / "cache")
    results["labels"] = est.fit_predict(images[:40])
    est.save(folder / f"model-{rank}")
    if torch.distributed.is_initialized():
        try:
            StageTrainer(
                load_backbone("untrained:resnet18", image_size=32),
                as_image_source(images),
                n_stages=1,
                device=torch.device("cpu"),
                n_jobs=1,
                random_state=np.random.RandomState(rank),
                verbose=0,
            )
        except ValueError as error:
            results["error"] = np.array(str(error))
        torch.distributed.destroy_process_group()
    np.savez(folder / f"rank-{rank}.npz", **results)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
