"""Options that several commands have."""

from pathlib import Path


def add_images(parser):
    """Ask for the images."""
    parser.add_argument(
        "images",
        type=Path,
        help="a folder, with those in it; a .tar of images; or a .parquet of them or of paths",
    )
    parser.add_argument(
        "--column", default="image", help="of the Parquet file (default: %(default)s)"
    )


def add_model(parser):
    """Ask for a clustering of before."""
    parser.add_argument("model", type=Path, help="the folder 'model' of an earlier output")


def add_backbone(parser):
    """Ask for the network."""
    parser.add_argument(
        "--backbone", default="efficientnet_lite0", metavar="NAME", help="default: %(default)s"
    )
    parser.add_argument(
        "--image-size",
        type=int,
        metavar="PIXELS",
        help="side to which images are scaled (default: the backbone's own); smaller is faster",
    )


def add_output(parser):
    """Ask where results go, and which."""
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="DIR",
        help="gets the labels and the rest",
    )
    parser.add_argument(
        "--export",
        choices=["copy", "symlink", "move"],
        help="also sort the images into DIR/clusters, a folder a cluster, where exported.csv "
        "tells which went where",
    )
    parser.add_argument(
        "--format",
        choices=["csv", "parquet"],
        default="csv",
        help="of the table of labels (default: %(default)s)",
    )
    parser.add_argument("--report", action="store_true", help="also write DIR/report.html")
    parser.add_argument(
        "--memory", type=Path, metavar="DIR", help="keep features here (default: OUTPUT/cache)"
    )
