"""Embedding by the workers of a cluster, through joblib's backends for dask, ray and others."""

import functools
import itertools
import pickle
import sys
import threading
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import joblib
import numpy as np
from joblib.parallel import BACKENDS, get_active_backend

from ..backbones import load_backbone, make_engine, registered_names, split_options
from ..images import iter_batches
from ._batches import EmbeddedBatch, embed_batches
from ._views import ViewEngine

_LOCAL = ("loky", "multiprocessing", "sequential", "threading")
# A few seconds of work on a CPU, which is the most that is lost when a worker dies.
_IMAGES_PER_TASK = 256


def is_distributed():
    """Whether joblib's active backend has workers of its own, and this is not one of them."""
    backend, _ = get_active_backend()
    if type(backend) in [BACKENDS[name] for name in _LOCAL if name in BACKENDS]:
        return False
    # A task of a grid search occupies its slot on the cluster already. If it waited for tasks of
    # its own, all candidates would be started at once.
    distributed = sys.modules.get("distributed")
    if distributed is not None:
        try:
            distributed.get_worker()
        except ValueError:
            return True
        return False
    return True


@dataclass(frozen=True)
class Recipe:
    """What a worker makes the engine from; ``packed`` is the network if a name is not enough."""

    fingerprint: str
    name: str | None
    image_size: int | tuple
    engine: str
    device: str
    precision: str
    n_views: int = 0
    packed: bytes | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, embedder, network):
        """Describe the network that an embedder has loaded."""
        given = embedder.backbone
        # Registered names are known in this process only, files perhaps on this machine only.
        known = (
            isinstance(given, str) and given not in registered_names() and not _names_file(given)
        )
        is_unquantised = embedder.engine == "int8" and not network.quantised
        packed = None
        if not known:
            # Includes the class of a network that is defined in a notebook. Comes with dask.
            import cloudpickle

            packed = cloudpickle.dumps(network.backbone)
        return cls(
            fingerprint=network.fingerprint,
            name=given if known else None,
            image_size=(
                tuple(embedder.image_size)
                if isinstance(embedder.image_size, list | tuple)
                else network.backbone.image_size
            ),
            # Where it could not be quantised here, it must not be there.
            engine="auto" if is_unquantised else embedder.engine,
            device=str(embedder.device),
            precision=network.engine.precision,
            n_views=network.n_views,
            packed=packed,
        )

    def load(self):
        """Load the backbone; return the engine that runs it and the resizing of its images."""
        if self.packed is None:
            assert self.name is not None, "a recipe has either"
            backbone = load_backbone(self.name, image_size=self.image_size)
            if backbone.fingerprint != self.fingerprint:
                raise ValueError(
                    f"The backbone {self.name!r} has other weights on this worker than on the "
                    "machine that hands out the work. Install the same files and versions on all "
                    "machines."
                )
        else:
            backbone = pickle.loads(self.packed)
        dtype = "auto" if self.engine == "int8" else self.precision
        engine = make_engine(backbone, engine=self.engine, device=self.device, dtype=dtype)
        if engine.precision != self.precision:
            raise ValueError(
                f'With engine="int8" this worker computes features in {engine.precision}, and the '
                f"machine that hands out the work in {self.precision}: they would be mixed. Use "
                'processors with VNNI and one version of the package, or set engine="auto".'
            )
        if self.n_views:
            engine = ViewEngine(engine, self.n_views)
        return engine, backbone.resizing


def _names_file(backbone):
    """Whether a name is a path of a file or folder, or ends in one: "<family>:<model>/<path>"."""
    name, _ = split_options(backbone)
    if name.partition(":")[2].startswith("local-dir:"):
        return True
    paths = (name, name.partition("/")[2])
    return any(path and Path(path).expanduser().exists() for path in paths)


_LOADING = threading.Lock()
# Two, since tasks of the recipe before may still be running.
_load = functools.lru_cache(maxsize=2)(Recipe.load)


def _embed_part(recipe, part, indices, batch_size, n_jobs):
    """Embed the images of one task, which have the positions ``indices`` in the full source."""
    # Two tasks in threads of one worker share what the first one loads.
    with _LOADING:
        engine, resizing = _load(recipe)
    images = iter_batches(part, resizing, batch_size=batch_size, n_jobs=n_jobs, on_error="skip")
    batches = list(embed_batches(engine, images))
    rows = np.concatenate([batch.indices for batch in batches])
    errors = [(indices[row], error) for batch in batches for row, error in batch.errors]
    features = [batch.features for batch in batches if len(batch.indices)]
    return EmbeddedBatch(
        np.array(indices)[rows], np.concatenate(features) if features else np.empty((0, 0)), errors
    )


def _run(tasks):
    """Yield results as they arrive."""
    # Tasks are long: joined to larger ones, more would be lost when a worker dies.
    parallel = functools.partial(joblib.Parallel, n_jobs=-1, batch_size=1)
    if get_active_backend()[0].supports_return_generator:
        yield from parallel(return_as="generator_unordered")(tasks)
    else:
        # Ray's backend returns all results at once: rounds bound what is held, and can be lost.
        n_tasks = 8 * joblib.effective_n_jobs(-1)
        while tasks_of_round := list(itertools.islice(tasks, n_tasks)):
            yield from parallel()(tasks_of_round)


def embed_on_workers(embedder, network, source, indices):
    """Send images to the workers of joblib's active backend, in parts.

    Parts are cut as workers become free, so that only a few are in memory at a time.

    Parameters
    ----------
    embedder : ImageEmbedder
    network : LoadedNetwork
        The one that it has loaded.
    source : ImageSource
    indices : ndarray of int
        Which images.

    Yields
    ------
    batch : EmbeddedBatch
        In the order in which they are finished.

    Raises
    ------
    ImageReadError
        With ``on_error="raise"``; the features of the part are yielded before.
    """
    if not len(indices):
        return
    recipe = Recipe.of(embedder, network)
    # At least two parts per worker, so that none is idle.
    fair = -(-len(indices) // (2 * joblib.effective_n_jobs(-1)))
    n_parts = -(-len(indices) // max(embedder.batch_size, min(_IMAGES_PER_TASK, fair)))
    tasks = (
        joblib.delayed(_embed_part)(
            recipe, source.cut(part), part, embedder.batch_size, embedder.n_jobs
        )
        # As lists: joblib stores long arrays on one dask worker, apart from the task, and they
        # are lost if that one dies.
        for part in (piece.tolist() for piece in np.array_split(indices, n_parts))
    )
    results = _run(tasks)
    for batch in results:
        yield batch
        if batch.errors and embedder.on_error == "raise":
            with warnings.catch_warnings():
                # That the remaining tasks are cancelled is no news.
                warnings.simplefilter("ignore")
                results.close()
            raise batch.errors[0][1]
