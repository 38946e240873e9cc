"""The pictures a command is given: a folder, a tar file, or a Parquet file."""

import warnings
from typing import Any, NamedTuple

FILES_OF_PICTURES = (".parquet", ".tar")


class Pictures(NamedTuple):
    """What estimators take as ``X``, and what each picture is called."""

    X: Any
    names: list

    def __len__(self):
        return len(self.names)


def open_pictures(options):
    """Find the pictures that ``options`` names.

    Returns
    -------
    pictures : Pictures
        Without those in the folder that earlier runs exported there.
    """
    from .. import list_images, read_parquet_images, read_tar_images
    from ..images import as_image_source

    path = options.pictures
    if path.suffix not in FILES_OF_PICTURES and path.is_file():
        raise NotADirectoryError(
            f"{str(path)!r} is a file; a folder is wanted, or a file of pictures that ends in "
            f"{' or '.join(FILES_OF_PICTURES)}. What is compressed must be unpacked."
        )
    if path.suffix not in FILES_OF_PICTURES:
        paths = _without_exported(path.expanduser(), list_images(path))
        return Pictures(paths, paths)
    X = (
        read_tar_images(path)
        if path.suffix == ".tar"
        else read_parquet_images(path, options.column)
    )
    source = as_image_source(X)
    return Pictures(X, [source.name(index) for index in range(len(source))])


def _without_exported(folder, paths):
    from ..export import is_export

    exports = {
        export
        for export in {path.parent.parent for path in paths}
        # Who names the export itself wants its pictures.
        if export != folder and export.is_relative_to(folder) and is_export(export)
    }
    kept = [path for path in paths if path.parent.parent not in exports]
    if not kept:
        raise ValueError(
            f"All pictures in {str(folder)!r} were exported there by earlier runs. Name one of "
            f"these folders: {', '.join(map(repr, sorted(map(str, exports))))}."
        )
    if len(kept) < len(paths):
        warnings.warn(
            f"{len(paths) - len(kept)} pictures that earlier runs exported into "
            f"{str(folder)!r} are left out.",
            stacklevel=2,
        )
    return kept
