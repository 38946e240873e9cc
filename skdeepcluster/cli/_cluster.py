"""``skdeepcluster cluster``."""

from ._clustered import check_output, memory_of, n_steps_of_results, write_fit
from ._images import open_images
from ._interruption import explain_interruption
from ._options import add_backbone, add_images, add_output, add_reading, network_of
from ._reader import reader_from, suffixes_of
from ._values import integer_from

HELP = "cluster the images in a folder"
EPILOG = """\
example:
  skdeepcluster cluster photos/ --n-clusters 12 --output result/ --report --export copy

DIR will hold labels.csv or labels.parquet (path, label, probability, name, outlier score; label -1
for an image that could not be read), the folder model, and the folder cache with the features:
after an interruption, the same command resumes where it stopped.

JSON: "n_pictures", "n_clusters", "skipped" (paths of images that could not be read), "clusters"
(objects with "cluster", "name", "size", "probability", the mean of its images, "cohesion" and
"representative", the most typical image) and "files" ("labels", "model", "cache" and, if requested,
"report" with "flaws", "duplicates" and "export").
"""


def add_options(parser):
    """Add options for the images, the number of clusters, the network and the output."""
    add_images(parser)
    parser.add_argument(
        "--n-clusters",
        type=integer_from(1, "auto"),
        required=True,
        metavar="K",
        help="a number, or auto",
    )
    add_output(parser)
    add_backbone(parser)
    add_reading(parser)
    parser.add_argument(
        "--fine-tune",
        type=integer_from(0),
        default=0,
        metavar="N",
        help="train the backbone's last N stages on the images (default: 0)",
    )
    parser.add_argument(
        "--views",
        type=integer_from(0),
        default=4,
        metavar="N",
        help="random views of each image to train on; each costs as much as embedding it once "
        "(default: %(default)s)",
    )
    parser.add_argument("--seed", type=integer_from(0), default=0, help="random state (default: 0)")


def run(options):
    """Fit and save the model, and write the results."""
    from .. import DeepImageClusterer
    from ..progress import counted_steps, expect_steps, step
    from ..storage import check_model_folder

    reader = reader_from(options)
    images = open_images(options, suffixes_of(reader))
    check_output(options)
    model = options.output / "model"
    check_model_folder(model)
    memory = memory_of(options)
    estimator = DeepImageClusterer(
        options.n_clusters,
        **network_of(options),
        reader=reader,
        n_views=options.views,
        fine_tune=options.fine_tune,
        memory=memory,
        on_error="skip",
        random_state=options.seed,
        verbose=1,
    )
    with explain_interruption(memory), counted_steps():
        # Besides those of the fit: the names.
        expect_steps(1 + n_steps_of_results(options))
        estimator.fit(images.X)
        with step("names"):
            estimator.describe_clusters(X=images.X)
        return write_fit(options, estimator, images, model)
