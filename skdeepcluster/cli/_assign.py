"""``skdeepcluster assign``."""

from ._clustered import check_output, memory_of, n_steps_of_results, summarize, write_results
from ._images import open_images
from ._interruption import explain_interruption
from ._options import add_images, add_model, add_output
from ._reader import check_function, function_from, suffixes_of

HELP = "assign new images to the clusters of a model"
EPILOG = """\
example:
  skdeepcluster assign result/model more-photos/ --output more-result/

The table is that of "cluster"; outlier scores are distances to the images that were clustered.

JSON: "n_pictures", "n_clusters", "skipped" (paths of images that could not be read), "clusters"
(objects with "cluster", "name" and "size", the number of new images) and "files" ("labels",
"cache" and, if requested, "report" with
"flaws", "duplicates" and "export").
"""


def add_options(parser):
    """Add options for the model, the images and the output."""
    add_model(parser)
    add_images(parser)
    add_output(parser)


def run(options):
    """Assign the images and write the results."""
    import numpy as np
    import pandas as pd

    from .. import DeepImageClusterer
    from ..progress import counted_steps, expect_steps, step

    memory = memory_of(options)
    estimator = DeepImageClusterer.load(options.model, reader=function_from(options))
    estimator.set_params(on_error="skip", verbose=1, memory=memory)
    images = open_images(options, suffixes_of(estimator.reader_))
    check_function(estimator.reader_, images)
    check_output(options)
    with explain_interruption(memory), counted_steps():
        # Besides those of the results: clusters and outlier scores.
        expect_steps(2 + n_steps_of_results(options))
        with step("clusters"):
            probabilities = estimator.predict_proba(images.X)
        skipped = np.isnan(probabilities[:, 0])
        labels = np.where(skipped, -1, np.nan_to_num(probabilities).argmax(axis=1))
        with step("outlier scores"):
            scores = _outlier_scores(estimator, images)
        files = write_results(options, estimator, images, labels, probabilities, scores)
    sizes = np.bincount(labels[~skipped], minlength=estimator.n_clusters_)
    clusters = pd.DataFrame({"name": estimator.cluster_names_, "size": sizes})
    return summarize(
        images.names, labels, clusters.rename_axis("cluster"), {**files, "cache": str(memory)}
    )


def _outlier_scores(estimator, images):
    """Rate how unlike those of the fit images are; NaN if the model does not tell."""
    import numpy as np

    from ..cluster import partition_of

    if partition_of(estimator).reference is None:
        return np.full(len(images), np.nan)
    return -estimator.score_samples(images.X)
