"""Random views of images, as far as a frozen trunk computes them, kept on disk."""

import math
import tempfile

import numpy as np
import torch

from ..backbones import Backbone, make_engine
from ..images import RandomViews, iter_batches
from ..process_group import n_ranks, rank

_BATCH_SIZE = 64
# Strong enough that only what an image shows is common to two views.
_VIEWS = RandomViews(scale=(0.25, 1.0), brightness=0.4, contrast=0.4, saturation=0.4, grayscale=0.2)


class TrunkViews:
    """Activations of a trunk on random views of every image.

    They are drawn and computed once, written to a temporary file (float16) and read from there
    in training, which so costs neither decoding nor augmentation nor the trunk. Of several
    ranks each computes and keeps those of some images; all draw the same views.

    Parameters
    ----------
    backbone : Backbone
        Its preprocessing is used.
    trunk : torch.nn.Module
    source : ImageSource
    n_views : int
    device : torch.device
    n_jobs : int or None
    generator : torch.Generator
    verbose : int
        Above 0, a progress bar is shown.

    Raises
    ------
    OSError
        If the disk of the temporary folder is full.
    """

    def __init__(self, backbone, trunk, source, *, n_views, device, n_jobs, generator, verbose):
        from tqdm.auto import tqdm

        side = backbone.image_size
        with torch.no_grad():
            shape = trunk(torch.zeros(2, 3, side, side)).shape[1:]
        engine = make_engine(
            Backbone(
                name=f"{backbone.name}, trunk",
                network=torch.nn.Sequential(trunk, torch.nn.Flatten()),
                n_features=math.prod(shape),
                image_size=side,
                mean=backbone.mean,
                std=backbone.std,
                stages=[[]],
            ),
            device=device,
        )
        self._shape = shape
        blocks = torch.arange(len(source)).split(_BATCH_SIZE)
        own = torch.cat([*blocks[rank() :: n_ranks()], torch.empty(0, dtype=torch.int64)])
        self._rows = torch.full((len(source),), -1)
        self._rows[own] = torch.arange(len(own))
        batches = iter_batches(
            source, backbone.resizing, indices=own.numpy(), batch_size=_BATCH_SIZE, n_jobs=n_jobs
        )
        bar = tqdm(total=len(source), desc="random views", unit="image", disable=not verbose)
        with tempfile.TemporaryFile(prefix="skdeepcluster-views-") as file, bar:
            for block in blocks:
                if self._rows[block[0]] >= 0:
                    batch = next(batches)
                    images = torch.from_numpy(batch.pixels).permute(0, 3, 1, 2).float() / 255
                    pixels = [batch.pixels]
                    pixels += [_as_pixels(_VIEWS(images, generator)) for _ in range(n_views)]
                    activations = [engine(view).astype(np.float16) for view in pixels]
                    file.write(np.stack(activations, axis=1).tobytes())
                else:
                    # The generator goes on as if the views were drawn here.
                    for _ in range(n_views):
                        _VIEWS(torch.zeros(len(block), 3, 2, 2), generator)
                bar.update(len(block))
            file.flush()
            rows = (len(own), 1 + n_views, math.prod(shape))
            # The map keeps the file until it is gone itself; then the system removes it. An
            # empty file cannot be mapped.
            self._activations = (
                np.memmap(file, dtype=np.float16, mode="r", shape=rows)
                if len(own)
                else np.empty(rows, dtype=np.float16)
            )
        self._n_views = n_views

    def pairs(self, indices, generator):
        """Draw two different views of each image.

        Parameters
        ----------
        indices : torch.Tensor of shape (n,), int64
        generator : torch.Generator

        Returns
        -------
        activations : torch.Tensor of shape (n_own, ...), float32
            What the rest of the network takes: all first views, then all second ones, of the
            images that this rank has; n_own is 2 n if it is the only one.
        places : torch.Tensor of shape (n_own,), int64
            Which of the 2 n views they are.
        """
        first = torch.randint(self._n_views, (len(indices),), generator=generator)
        step = torch.randint(1, self._n_views, (len(indices),), generator=generator)
        views = torch.cat([first, (first + step) % self._n_views])
        return self._read(indices.repeat(2), 1 + views)

    def plain(self, indices):
        """Read the images themselves; returns as ``pairs`` does, but of n images."""
        return self._read(indices, torch.zeros_like(indices))

    def _read(self, indices, views):
        places = torch.nonzero(self._rows[indices] >= 0)[:, 0]
        rows = self._activations[self._rows[indices[places]].numpy(), views[places].numpy()]
        return torch.from_numpy(rows.astype(np.float32)).reshape(-1, *self._shape), places


def _as_pixels(views):
    return (views * 255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()
