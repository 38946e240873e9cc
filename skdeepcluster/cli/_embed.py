"""``skdeepcluster embed``."""

from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from ._images import open_images
from ._interruption import explain_interruption
from ._options import add_backbone, add_images, add_reading, network_of
from ._outcome import Outcome
from ._reader import reader_from, suffixes_of
from ._values import path

HELP = "compute the features of the images in a folder"
EPILOG = """\
example:
  skdeepcluster embed photos/ --output features.npz --memory cache/

The file holds "paths", str of shape (n,), and "features", float32 of shape (n, n_features); the
row of an image that could not be read is NaN.

JSON: "n_pictures", "n_features", "skipped" (paths of images that could not be read) and "files"
("features").
"""

# Number of paths that are written at a time.
_CHUNK = 1000


def add_options(parser):
    """Add options for the images, the network and the output."""
    add_images(parser)
    parser.add_argument("--output", type=path, required=True, metavar="FILE.npz")
    add_backbone(parser)
    add_reading(parser)
    parser.add_argument("--memory", type=path, metavar="DIR", help="cache features in this folder")


def run(options):
    """Embed the images, and write the file completely or not at all."""
    import numpy as np

    from .. import ImageEmbedder
    from ..storage import check_file, whole_file

    reader = reader_from(options)
    images = open_images(options, suffixes_of(reader))
    check_file(options.output)
    embedder = ImageEmbedder(
        **network_of(options),
        reader=reader,
        memory=options.memory,
        on_error="skip",
        verbose=1,
    )
    with explain_interruption(options.memory):
        features = embedder.fit_transform(images.X)
    with whole_file(options.output) as partial, ZipFile(partial, "w") as archive:
        _write_paths(archive, [str(name) for name in images.names])
        with archive.open("features.npy", "w", force_zip64=True) as file:
            np.lib.format.write_array(file, features, allow_pickle=False)
    skipped = [str(images.names[index]) for index in np.flatnonzero(np.isnan(features[:, 0]))]
    data = {
        "n_pictures": len(images),
        "n_features": features.shape[1],
        "skipped": skipped,
        "files": {"features": str(options.output)},
    }
    left_out = f", {len(skipped)} skipped" * bool(skipped)
    text = f"{len(images)} images{left_out}, {features.shape[1]} features: {options.output}"
    return Outcome(data, text)


def _write_paths(archive, paths):
    import numpy as np

    # Each path has the width of the longest: that is why they are compressed, unlike features,
    # and never all in memory as an array.
    dtype = np.dtype(f"<U{max(map(len, paths))}")
    header = {"descr": dtype.str, "fortran_order": False, "shape": (len(paths),)}
    member = ZipInfo("paths.npy")
    member.compress_type = ZIP_DEFLATED
    with archive.open(member, "w", force_zip64=True) as file:
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, len(paths), _CHUNK):
            file.write(np.array(paths[start : start + _CHUNK], dtype).tobytes())
