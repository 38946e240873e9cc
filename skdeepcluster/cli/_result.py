"""The output of ``cluster``, which other commands go on from."""

import os

from ._options import add_output
from ._reader import function_from
from ._values import path


def add_result(parser):
    """Add an option for the result."""
    parser.add_argument("result", type=path, help="the output folder of 'cluster', or its model")


def add_output_like_it(parser):
    """Add options for the output, of which the format is by default that of the result."""
    add_output(parser)
    parser.set_defaults(format=None)


def open_result(options):
    """Load the model of a result, and let the options follow the result.

    The table will have the format that it has there, and there will be a report if there is one.

    Returns
    -------
    estimator : DeepImageClusterer
    folder : Path
        That the model is in.
    """
    from .. import DeepImageClusterer
    from ..storage import is_model

    model = options.result if is_model(options.result) else options.result / "model"
    estimator = DeepImageClusterer.load(model, reader=function_from(options))
    folder = model.parent
    if options.format is None:
        is_parquet = (folder / "labels.parquet").exists() and not (folder / "labels.csv").exists()
        options.format = "parquet" if is_parquet else "csv"
    options.report = options.report or (folder / "report.html").exists()
    return estimator, folder


def use_cache_of(options, folder):
    """Take features from the cache of a result if it has one; return the folder of features."""
    cache = folder / "cache"
    # For what else is computed, too.
    options.memory = options.memory or (cache if cache.is_dir() else options.output / "cache")
    return options.memory


def images_that_are_gone(partition):
    """List the images that have clusters and are not where they were, if they are files."""
    return [
        path
        for path, label in zip(partition.images.paths or [], partition.labels, strict=False)
        if label >= 0 and not os.path.exists(path)
    ]


def refuse_images_that_are_gone(gone):
    """Raise a FileNotFoundError if there are any."""
    if gone:
        raise FileNotFoundError(
            f"{len(gone)} of the images of the result are not where they were, such as "
            f"{str(gone[0])!r}. Put them back; relative paths are from the folder in which the "
            "command was run."
        )
