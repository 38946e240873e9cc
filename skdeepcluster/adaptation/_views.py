"""Activations of a frozen trunk on random views of images, kept on disk."""

import math
import tempfile

import numpy as np
import torch

from ..backbones import Backbone, make_engine
from ..images import ImageSource, RandomViews, iter_batches, views_of_pixels
from ..process_group import rank, world_size
from ..progress import progress_bar
from ._settings import StageSettings

_BATCH_SIZE = 64


class TrunkViews:
    """Activations of a trunk on random views of every image.

    They are drawn and computed once, written to a temporary file (float16) and read from there
    in training, which thus costs neither decoding nor augmentation nor the trunk. Each rank
    of a process group computes and keeps those of its share of the images; all ranks draw the
    same views.

    Parameters
    ----------
    backbone : Backbone
        Its preprocessing is used.
    trunk : torch.nn.Module
        The stages that are frozen.
    source : ImageSource
    settings : StageSettings
    generator : torch.Generator
        Draws the views.

    Raises
    ------
    OSError
        If the disk of the temporary folder is full.
    """

    def __init__(
        self,
        backbone: Backbone,
        trunk: torch.nn.Module,
        source: ImageSource,
        *,
        settings: StageSettings,
        generator: torch.Generator,
    ):
        side = backbone.image_size
        with torch.no_grad():
            self._shape = trunk(torch.zeros(2, 3, side, side)).shape[1:]
        self._n_views = n_views = settings.n_views
        engine = _make_trunk_engine(backbone, trunk, math.prod(self._shape), settings.device)
        blocks = torch.arange(len(source)).split(_BATCH_SIZE)
        own = torch.cat([*blocks[rank() :: world_size()], torch.empty(0, dtype=torch.int64)])
        self._rows = torch.full((len(source),), -1)
        self._rows[own] = torch.arange(len(own))
        batches = iter_batches(
            source,
            backbone.resizing,
            indices=own.numpy(),
            batch_size=_BATCH_SIZE,
            n_jobs=settings.n_jobs,
        )
        bar = progress_bar(
            "random views", total=len(source), unit="image", verbose=settings.verbose
        )
        with tempfile.TemporaryFile(prefix="skdeepcluster-views-") as file, bar:
            for block in blocks:
                # Drawn for images of other ranks, too, so that all ranks draw the same.
                shape = (len(block), n_views, RandomViews.n_draws)
                draws = torch.rand(shape, generator=generator)
                if self._rows[block[0]] >= 0:
                    pixels = next(batches).pixels
                    views = (pixels, *views_of_pixels(pixels, draws))
                    activations = [engine(view).astype(np.float16) for view in views]
                    file.write(np.stack(activations, axis=1).tobytes())
                bar.update(len(block))
            file.flush()
            shape = (len(own), 1 + n_views, math.prod(self._shape))
            # The system removes the file, which has no name, together with the map. An empty
            # file cannot be mapped.
            self._activations = (
                np.memmap(file, dtype=np.float16, mode="r", shape=shape)
                if len(own)
                else np.empty(shape, dtype=np.float16)
            )

    def pairs(
        self, indices: torch.Tensor, generator: torch.Generator
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Draw two different views of each image.

        Parameters
        ----------
        indices : torch.Tensor of shape (n,), int64
        generator : torch.Generator

        Returns
        -------
        activations : torch.Tensor of shape (n_own, ...), float32
            Input of the trained stages: of this rank's images, all first views, then all
            second ones; n_own is 2 n if it is the only rank.
        positions : torch.Tensor of shape (n_own,), int64
            Which of the 2 n views they are.
        """
        first = torch.randint(self._n_views, (len(indices),), generator=generator)
        step = torch.randint(1, self._n_views, (len(indices),), generator=generator)
        views = torch.cat([first, (first + step) % self._n_views])
        return self._read(indices.repeat(2), 1 + views)

    def random(
        self, indices: torch.Tensor, generator: torch.Generator
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return what ``pairs`` returns, but of one view of each, which may be the image itself."""
        return self._read(
            indices, torch.randint(1 + self._n_views, (len(indices),), generator=generator)
        )

    def originals(self, indices: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return what ``pairs`` returns, but of the n images themselves."""
        return self._read(indices, torch.zeros_like(indices))

    def view(self, indices: torch.Tensor, number: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return what ``pairs`` returns, but of view ``number``, from 0, of each of n images."""
        return self._read(indices, torch.full_like(indices, 1 + number))

    def _read(self, indices, views):
        positions = torch.nonzero(self._rows[indices] >= 0)[:, 0]
        rows = self._activations[self._rows[indices[positions]].numpy(), views[positions].numpy()]
        return torch.from_numpy(rows.astype(np.float32)).reshape(-1, *self._shape), positions


def _make_trunk_engine(backbone, trunk, n_activations, device):
    return make_engine(
        Backbone(
            name=f"{backbone.name}, trunk",
            network=torch.nn.Sequential(trunk, torch.nn.Flatten()),
            n_features=n_activations,
            image_size=backbone.image_size,
            mean=backbone.mean,
            std=backbone.std,
            stages=[[]],
        ),
        device=device,
    )
