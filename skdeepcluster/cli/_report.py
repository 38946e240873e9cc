"""``skdeepcluster report``."""

from pathlib import Path

from ._clustered import check_report
from ._images import open_images
from ._interruption import going_on
from ._options import add_images, add_model
from ._outcome import Outcome

HELP = "write one HTML page of a clustering"
EPILOG = """\
example:
  skdeepcluster report result/model photos/ --output page.html

The folder is the one that was clustered, or one of other images, which are assigned to the
clusters; --memory more-result/cache takes their features from an earlier "assign". The page is one
file; with --all-pictures the folder page_pictures belongs to it.

JSON: "n_pictures", "n_clusters" and "files" ("report" and, with --all-pictures, "pictures").
"""


def add_options(parser):
    """Model, its images, and the page."""
    add_model(parser)
    add_images(parser)
    parser.add_argument("--output", type=Path, required=True, metavar="FILE.html")
    parser.add_argument(
        "--all-pictures", action="store_true", help="also write all images, made small, beside it"
    )
    parser.add_argument(
        "--max-megabytes",
        type=float,
        default=20,
        metavar="MB",
        help="size of the thumbnails in the page at most (default: %(default)s)",
    )
    parser.add_argument(
        "--memory", type=Path, metavar="DIR", help="keep features of other images in this folder"
    )


def run(options):
    """Load the model, write the page."""
    check_report()
    from .. import DeepImageClusterer
    from ..report import write_report

    images = open_images(options)
    estimator = DeepImageClusterer.load(options.model)
    memory = options.memory or estimator.memory
    estimator.set_params(on_error="skip", verbose=1, memory=memory)
    with going_on(memory):
        write_report(
            estimator,
            images.X,
            options.output,
            all_pictures=options.all_pictures,
            max_megabytes=options.max_megabytes,
        )
    n_clusters = estimator.n_clusters_
    files = {"report": str(options.output)}
    if options.all_pictures:
        files["pictures"] = str(options.output.with_name(f"{options.output.stem}_pictures"))
    return Outcome(
        {"n_pictures": len(images), "n_clusters": n_clusters, "files": files},
        f"{len(images)} images, {n_clusters} clusters: {options.output}",
    )
