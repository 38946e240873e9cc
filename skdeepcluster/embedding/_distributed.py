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

from ..backbones import load_backbone, make_engine, registered_names
from ._batches import EmbeddedBatch, embed_batches

_LOCAL = ("loky", "multiprocessing", "sequential", "threading")
# Some seconds of work on a CPU: what a worker that dies costs at most.
_PICTURES_PER_TASK = 256


def is_distributed():
    """Whether joblib's active backend has workers of its own, and this is not one of them."""
    backend, _ = get_active_backend()
    if type(backend) in [BACKENDS[name] for name in _LOCAL if name in BACKENDS]:
        return False
    # A task of a grid search fills its place on the cluster already. If it waited for further
    # tasks, all candidates would be started at a time.
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
    """How a worker makes the engine; ``packed`` is the network where a name does not do."""

    fingerprint: str
    name: str | None
    image_size: int
    engine: str
    device: str
    dtype: str
    packed: bytes | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, embedder, backbone, precision):
        """Take down what an embedder has loaded."""
        given = embedder.backbone
        # Names that were registered are known in this process alone, files perhaps on this
        # machine alone.
        known = (
            isinstance(given, str) and given not in registered_names() and not _names_file(given)
        )
        packed = None
        if not known:
            # Takes the class of a network along if it is defined in a notebook. dask brings it.
            import cloudpickle

            packed = cloudpickle.dumps(backbone)
        return cls(
            fingerprint=embedder._fingerprint,
            name=given if known else None,
            image_size=backbone.image_size,
            engine=embedder.engine,
            device=str(embedder.device),
            dtype=precision,
            packed=packed,
        )

    def load(self):
        """Load the backbone and what runs it."""
        if self.packed is None:
            backbone = load_backbone(self.name, image_size=self.image_size)
            if backbone.fingerprint != self.fingerprint:
                raise ValueError(
                    f"The backbone {self.name!r} has other weights on this worker than where the "
                    "work is handed out. Install the same files and versions on all machines."
                )
        else:
            backbone = pickle.loads(self.packed)
        engine = make_engine(backbone, engine=self.engine, device=self.device, dtype=self.dtype)
        return engine, backbone.resizing


def _names_file(backbone):
    """Whether a name is a path, or ends in one: "<family>:<model>/<path>"."""
    places = (backbone, backbone.partition("/")[2])
    return any(Path(place).expanduser().is_file() for place in places)


_LOADING = threading.Lock()
# The one before serves what is still under way.
_load = functools.lru_cache(maxsize=2)(Recipe.load)


def _embed_part(recipe, part, indices, batch_size, n_jobs):
    """Work of one task: images that stand at ``indices`` where they come from."""
    # Two tasks in threads of one worker share what the first one loads.
    with _LOADING:
        engine, resizing = _load(recipe)
    batches = list(
        embed_batches(engine, part, resizing, batch_size=batch_size, n_jobs=n_jobs, on_error="skip")
    )
    rows = np.concatenate([batch.indices for batch in batches])
    errors = [(indices[row], error) for batch in batches for row, error in batch.errors]
    features = [batch.features for batch in batches if len(batch.indices)]
    return EmbeddedBatch(
        np.array(indices)[rows], np.concatenate(features) if features else np.empty((0, 0)), errors
    )


def _run(tasks):
    """Yield results as they arrive."""
    # Tasks are long: a backend that joins several would only lose more with a worker.
    how = {"n_jobs": -1, "batch_size": 1}
    if get_active_backend()[0].supports_return_generator:
        yield from joblib.Parallel(return_as="generator_unordered", **how)(tasks)
    else:
        # ray's returns nothing before everything: a few rounds bound what is held and lost.
        while few := list(itertools.islice(tasks, 8 * joblib.effective_n_jobs(-1))):
            yield from joblib.Parallel(**how)(few)


def embed_on_workers(embedder, source, indices):
    """Hand images to the workers of joblib's active backend, in parts.

    Parts are cut as workers become free, so that no more than a few are held at a time.

    Parameters
    ----------
    embedder : ImageEmbedder
        Loaded.
    source : ImageSource
    indices : ndarray of int
        Which images.

    Yields
    ------
    batch : EmbeddedBatch
        In the order in which they are done.

    Raises
    ------
    ImageReadError
        With ``on_error="raise"``; the features of the part are yielded before.
    """
    if not len(indices):
        return
    recipe = Recipe.of(embedder, embedder.load(), embedder._engine.precision)
    # A few parts a worker at least, lest some have none.
    fair = -(-len(indices) // (2 * joblib.effective_n_jobs(-1)))
    n_parts = -(-len(indices) // max(embedder.batch_size, min(_PICTURES_PER_TASK, fair)))
    tasks = (
        joblib.delayed(_embed_part)(
            recipe, source.cut(part), part, embedder.batch_size, embedder.n_jobs
        )
        # As lists: joblib hands long arrays to one worker of dask, apart from the task, and when
        # that one dies they are lost.
        for part in (piece.tolist() for piece in np.array_split(indices, n_parts))
    )
    results = _run(tasks)
    for batch in results:
        yield batch
        if batch.errors and embedder.on_error == "raise":
            with warnings.catch_warnings():
                # That work is given up goes without saying.
                warnings.simplefilter("ignore")
                results.close()
            raise batch.errors[0][1]
