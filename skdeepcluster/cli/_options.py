"""Options that several commands share."""

from ._values import channels, integer_from, intensity_range, path


def add_images(parser):
    """Add options for the images."""
    parser.add_argument(
        "images",
        type=path,
        help="a folder (searched recursively), a .tar of images, or a .parquet of images or paths",
    )
    add_files(parser)


def add_files(parser):
    """Add options for how images lie in files, and are read from them."""
    parser.add_argument(
        "--column", default="image", help="column of the Parquet file (default: %(default)s)"
    )

    parser.add_argument(
        "--member",
        metavar="EXTENSION",
        help="which image of each sample of a .tar file, such as jpg or left.png (default: all, "
        "without those like 0001.seg.png beside 0001.jpg)",
    )
    parser.add_argument(
        "--reader",
        metavar="FILE.py:FUNCTION",
        help="read files by a Python function of their path that returns an array or a Pillow "
        "image; a module instead of FILE.py is imported",
    )


def add_reading(parser):
    """Add options for what files leave open."""
    parser.add_argument(
        "--suffixes",
        metavar=".A,.B",
        help="ends of names of files that --reader reads; they are added to images of a folder, "
        "which are read without it (default: it reads all files that end like images)",
    )
    parser.add_argument(
        "--frame",
        type=integer_from(0, "max", "mean"),
        metavar="N",
        help="which frame of several, from 0, or their 'max' or 'mean' (default: the first)",
    )
    parser.add_argument(
        "--channels",
        type=channels,
        metavar="R,G,B",
        help="which channels of several become red, green and blue, from 0; a single one becomes "
        "grey (default: the colours, or the first three)",
    )
    parser.add_argument(
        "--intensity-range",
        type=intensity_range,
        default="auto",
        metavar="RANGE",
        help="values that become black and white: LOW,HIGH, or 'dataset' (found in a sample of "
        "the images), 'image' (in each by itself), 'dtype' (all that the type can hold), 'auto' "
        "(8-bit images as they are, others by 'dataset'; the default)",
    )
    parser.add_argument(
        "--aspect",
        choices=["crop", "pad", "squash"],
        default="crop",
        help="how elongated images become square: their ends are cut off, grey margins are "
        "added, or they are distorted (default: %(default)s)",
    )


def add_model(parser):
    """Add an option for a saved model."""
    parser.add_argument("model", type=path, help="the folder 'model' in the output of 'cluster'")


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
        type=integer_from(16),
        action="append",
        metavar="PIXELS",
        help="side to which images are resized (default: the backbone's own); smaller is faster; "
        "given several times, images are looked at in each size",
    )
    parser.add_argument(
        "--engine",
        choices=["auto", "torch", "onnxruntime", "int8"],
        default="auto",
        help="what runs the network; int8 is fastest on a CPU, for efficientnet_lite0 and "
        "efficientnet_lite2, with features close to the exact ones (default: %(default)s)",
    )


def network_of(options):
    """Return the parameters of an estimator that say what embeds the images."""
    return {
        "backbone": _one_or_several(options.backbone or ["efficientnet_lite0"]),
        "image_size": _one_or_several(options.image_size or [None]),
        "engine": options.engine,
    }


def _one_or_several(values):
    return values[0] if len(values) == 1 else values


def add_output(parser):
    """Add options for the output."""
    parser.add_argument(
        "--output",
        type=path,
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
    parser.add_argument(
        "--report",
        action="store_true",
        help="also write DIR/report.html, and DIR/flaws.csv, which lists dark, blurred, blank, "
        "small and elongated images",
    )
    add_duplicates(parser, "list them in DIR/duplicates.csv and on the page")
    parser.add_argument(
        "--memory",
        type=path,
        metavar="DIR",
        help="cache features in this folder (default: cache in the output folder)",
    )


def add_duplicates(parser, use):
    """Add options for copies among the images."""
    parser.add_argument(
        "--duplicates",
        action="store_true",
        help=f"also find copies (resized, recompressed, cropped), and {use}",
    )
    parser.add_argument(
        "--mirrored", action="store_true", help="with --duplicates: mirror images are copies, too"
    )
