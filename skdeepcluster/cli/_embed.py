"""``skdeepcluster embed``."""

from pathlib import Path

from ._interruption import going_on
from ._options import add_backbone, add_pictures
from ._outcome import Outcome
from ._pictures import open_pictures

HELP = "write the features of the pictures in a folder"
EPILOG = """\
example:
  skdeepcluster embed photos/ --output features.npz --memory cache/

The file has "paths", str of shape (n,), and "features", float32 of shape (n, n_features); a
picture that could not be read is a row of NaN.

JSON: "n_pictures", "n_features", "skipped" (paths of pictures that could not be read) and "files"
("features").
"""


def add_options(parser):
    """Pictures, network, and the file."""
    add_pictures(parser)
    parser.add_argument("--output", type=Path, required=True, metavar="FILE.npz")
    add_backbone(parser)
    parser.add_argument("--memory", type=Path, metavar="DIR", help="keep features in this folder")


def run(options):
    """Embed, and write the file whole or not at all."""
    import numpy as np

    from .. import ImageEmbedder
    from .._atomic import check_file, whole_file

    pictures = open_pictures(options)
    check_file(options.output)
    embedder = ImageEmbedder(
        options.backbone,
        image_size=options.image_size,
        memory=options.memory,
        on_error="skip",
        verbose=1,
    )
    with going_on(options.memory):
        features = embedder.fit_transform(pictures.X)
    # NumPy would put its own ending to the name of a file, but not to one that is open.
    with whole_file(options.output) as partial, open(partial, "wb") as file:
        np.savez(file, paths=np.array([str(name) for name in pictures.names]), features=features)
    skipped = [str(pictures.names[index]) for index in np.flatnonzero(np.isnan(features[:, 0]))]
    data = {
        "n_pictures": len(pictures),
        "n_features": features.shape[1],
        "skipped": skipped,
        "files": {"features": str(options.output)},
    }
    left_out = f", {len(skipped)} skipped" * bool(skipped)
    text = f"{len(pictures)} pictures{left_out}, {features.shape[1]} features: {options.output}"
    return Outcome(data, text)
