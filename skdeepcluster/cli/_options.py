"""Options that several commands have."""

from pathlib import Path


def add_folder(parser):
    """Ask for the pictures."""
    parser.add_argument("folder", type=Path, help="a folder of pictures, with those in it")


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
        help="side to which pictures are scaled (default: the backbone's own); smaller is faster",
    )


def add_output(parser):
    """Ask where results go, and which."""
    parser.add_argument(
        "--output", type=Path, required=True, metavar="DIR", help="gets labels.csv and the rest"
    )
    parser.add_argument(
        "--export",
        choices=["copy", "symlink", "move"],
        help="also sort the pictures into DIR/clusters, a folder a cluster",
    )
    parser.add_argument("--report", action="store_true", help="also write DIR/report.html")
    parser.add_argument(
        "--memory", type=Path, metavar="DIR", help="keep features here (default: OUTPUT/cache)"
    )
