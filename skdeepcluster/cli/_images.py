"""The images of a command: a folder, a tar file or a Parquet file."""

from typing import Any, NamedTuple

IMAGE_FILES = (".parquet", ".tar")


class Images(NamedTuple):
    """Images as estimators accept them, and their names."""

    X: Any
    names: list

    def __len__(self):
        return len(self.names)


def open_images(options, suffixes=()):
    """Find the images that the options name; ``suffixes`` are those that a reader adds.

    Returns
    -------
    images : Images
    """
    from .. import list_images, read_parquet_images, read_tar_images
    from ..images import as_image_source

    path = options.images
    if path.suffix not in IMAGE_FILES and path.is_file():
        raise NotADirectoryError(
            f"{str(path)!r} is a file. Pass a folder, or a file of images that ends in "
            f"{' or '.join(IMAGE_FILES)}. Decompress it if it is compressed."
        )
    if path.suffix not in IMAGE_FILES:
        paths = list_images(path, suffixes=suffixes)
        return Images(paths, paths)
    X = (
        read_tar_images(path, options.member)
        if path.suffix == ".tar"
        else read_parquet_images(path, options.column)
    )
    source = as_image_source(X)
    return Images(X, [source.name(index) for index in range(len(source))])
