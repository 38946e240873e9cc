"""``skdeepcluster cluster``."""

from argparse import ArgumentTypeError

from ._clustered import check_output, list_pictures, memory_of, summarize, write_results
from ._interruption import going_on
from ._options import add_backbone, add_folder, add_output

HELP = "cluster the pictures in a folder"
EPILOG = """\
example:
  skdeepcluster cluster photos/ --n-clusters 12 --output result/ --report --export copy

DIR gets labels.csv (path, label, probability; label -1 for a picture that could not be read), the
folder model, and cache, the features: after an interruption the same command goes on where it
stopped.

JSON: "n_pictures", "n_clusters", "skipped" (paths of pictures that could not be read), "clusters"
(objects with "cluster", "name", "size", "cohesion" and "representative", the most typical
picture) and "files" ("labels", "model", "cache" and, if wanted, "report" and "export").
"""


def add_options(parser):
    """Pictures, how many clusters, network, and what is written."""
    add_folder(parser)
    parser.add_argument(
        "--n-clusters", type=_count, required=True, metavar="K", help="a number, or auto"
    )
    add_output(parser)
    add_backbone(parser)
    parser.add_argument(
        "--fine-tune",
        type=int,
        default=0,
        metavar="N",
        help="train the backbone's last N stages on the pictures (default: 0)",
    )
    parser.add_argument("--seed", type=int, default=0, help="random state (default: 0)")


def _count(text):
    if text == "auto":
        return text
    try:
        return int(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is neither a number nor auto") from None


def run(options):
    """Fit, save, write."""
    from .. import DeepImageClusterer

    paths = list_pictures(options)
    check_output(options)
    memory = memory_of(options)
    estimator = DeepImageClusterer(
        options.n_clusters,
        backbone=options.backbone,
        image_size=options.image_size,
        fine_tune=options.fine_tune,
        memory=memory,
        on_error="skip",
        random_state=options.seed,
        verbose=1,
    )
    with going_on(memory):
        estimator.fit(paths)
    model = options.output / "model"
    estimator.save(model)
    files = write_results(options, estimator, paths, estimator.labels_, estimator.probabilities_)
    clusters = estimator.cluster_info(n_representatives=1)
    clusters["representative"] = clusters["representatives"].str[0]
    return summarize(
        paths,
        estimator.labels_,
        clusters[["name", "size", "cohesion", "representative"]],
        {**files, "model": str(model), "cache": str(memory)},
    )
