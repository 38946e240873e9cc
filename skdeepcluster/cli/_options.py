"""Options that several commands share."""

from pathlib import Path


def add_images(parser):
    """Add options for the images."""
    parser.add_argument(
        "images",
        type=Path,
        help="a folder (searched recursively), a .tar of images, or a .parquet of images or paths",
    )
    parser.add_argument(
        "--column", default="image", help="column of the Parquet file (default: %(default)s)"
    )


def add_model(parser):
    """Add an option for a saved model."""
    parser.add_argument("model", type=Path, help="the folder 'model' in the output of 'cluster'")


def add_backbone(parser):
    """Add options for the network."""
    parser.add_argument(
        "--backbone",
        action="append",
        metavar="NAME",
        help="pretrained network, see 'skdeepcluster backbones' (default: efficientnet_lite0); "
        "given several times, the features of all are joined",
    )
    parser.add_argument(
        "--image-size",
        type=int,
        action="append",
        metavar="PIXELS",
        help="side to which images are resized (default: the backbone's own); smaller is faster; "
        "given several times, images are looked at in each size",
    )


def network_of(options):
    """Return the parameters ``backbone`` and ``image_size`` of an estimator."""
    return {
        "backbone": _one_or_several(options.backbone or ["efficientnet_lite0"]),
        "image_size": _one_or_several(options.image_size or [None]),
    }


def _one_or_several(values):
    return values[0] if len(values) == 1 else values


def add_output(parser):
    """Add options for the output."""
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder for the results",
    )
    parser.add_argument(
        "--export",
        choices=["copy", "symlink", "move"],
        help="also sort the images into DIR/clusters, with a folder for each cluster and "
        "exported.csv, which lists where each image is",
    )
    parser.add_argument(
        "--format",
        choices=["csv", "parquet"],
        default="csv",
        help="format of the table of labels (default: %(default)s)",
    )
    parser.add_argument("--report", action="store_true", help="also write DIR/report.html")
    parser.add_argument(
        "--memory",
        type=Path,
        metavar="DIR",
        help="cache features in this folder (default: cache in the output folder)",
    )
