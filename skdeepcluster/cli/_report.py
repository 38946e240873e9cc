"""``skdeepcluster report``."""

from ._clustered import (
    check_duplicates,
    check_report,
    find_copies,
    n_steps_of_results,
    write_page,
)
from ._images import open_images
from ._interruption import explain_interruption
from ._options import add_duplicates, add_images, add_model
from ._outcome import Outcome
from ._reader import check_function, function_from, suffixes_of
from ._values import amount, path

HELP = "write an HTML page of a clustering"
EPILOG = """\
example:
  skdeepcluster report result/model photos/ --output page.html

The images are those that were clustered, or others, which are assigned to the clusters; with
--memory more-result/cache, features of an earlier "assign" are reused. The page is a single file;
with --all-pictures, the folder page_pictures belongs to it.

JSON: "n_pictures", "n_clusters" and "files" ("report" and, with --all-pictures, "pictures").
"""


def add_options(parser):
    """Add options for the model, the images and the page."""
    add_model(parser)
    add_images(parser)
    parser.add_argument("--output", type=path, required=True, metavar="FILE.html")
    # It is what is asked for.
    parser.set_defaults(report=True)
    add_duplicates(parser, "mark them on the page")
    parser.add_argument(
        "--all-pictures",
        action="store_true",
        help="also write thumbnails of all images to a folder beside the page",
    )
    parser.add_argument(
        "--max-megabytes",
        type=amount,
        default=20,
        metavar="MB",
        help="maximum size of the thumbnails in the page (default: %(default)s)",
    )
    parser.add_argument(
        "--memory",
        type=path,
        metavar="DIR",
        help="cache features of other images in this folder (default: cache beside the model, if "
        "there is one)",
    )


def run(options):
    """Load the model and write the page."""
    check_report()
    check_duplicates(options)
    from .. import DeepImageClusterer
    from ..images import as_image_source
    from ..progress import counted_steps, expect_steps
    from ..report import checked_target

    estimator = DeepImageClusterer.load(options.model, reader=function_from(options))
    images = open_images(options, suffixes_of(estimator.reader_))
    check_function(estimator.reader_, images)
    # Not only when copies and flaws have been found.
    source = as_image_source(images.X, estimator.reader_)
    checked_target(options.output, options.all_pictures, source)
    memory = options.memory or _cache_beside(options.model)
    estimator.set_params(on_error="skip", verbose=1, memory=memory)
    with explain_interruption(memory), counted_steps():
        expect_steps(n_steps_of_results(options))
        write_page(
            estimator,
            images,
            options.output,
            find_copies(options, estimator, images),
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


def _cache_beside(model):
    """Find the folder of features that the command which made the model has left, if it has."""
    cache = model.parent / "cache"
    return cache if cache.is_dir() else None
