"""Writing the page and the folder of images beside it."""

import os
import re
from pathlib import Path

from ..storage import check_file, check_folder, resolved, whole_file, whole_folder

# A file among the images beside a page that marks their folder as one of a report.
MARKER = ".skdeepcluster-report"


def checked_target(path, all_pictures, source):
    """Check before the computation that the page and the folder can be written after it.

    Parameters
    ----------
    path : path
        Of the page.
    all_pictures : bool
        Whether a folder of images is written beside it; that of an earlier report is replaced.
    source : ImageSource
        Images of the report.

    Returns
    -------
    path : Path
    folder : Path or None
    """
    path = Path(path).expanduser()
    check_file(path)
    if not all_pictures:
        return path, None
    folder = path.with_name(f"{path.stem}_pictures")
    _check_pictures(folder, source)
    return path, folder


def _check_pictures(folder, source):
    check_folder(folder)
    names = set(os.listdir(folder)) if folder.exists() else set()
    if not names:
        return
    others = {name for name in names if not re.fullmatch(r"\d{6,}\.webp", name)} - {MARKER}
    if others:
        raise FileExistsError(
            f"{str(folder)!r} holds other files, such as {min(others)!r}. Choose another page."
        )
    # The names of users' images may be numbers, too.
    if MARKER not in names:
        raise FileExistsError(
            f"{str(folder)!r} holds images, but no {MARKER} that marks them as those of a report. "
            "Choose another page, or remove the folder."
        )
    inside = resolved(folder)
    shown = next((one for one in source.paths or [] if inside in resolved(one).parents), None)
    if shown is not None:
        raise FileExistsError(
            f"{str(folder)!r} would be replaced, but {str(shown)!r} in it is one of the images. "
            "Choose another page."
        )


def write_files(path, page, folder, images):
    """Write the page and the images beside it, both completely or not at all.

    Parameters
    ----------
    path : Path
    page : bytes
    folder : Path or None
    images : iterable of (int, bytes)
        Number and contents of each file in the folder; not consumed without a folder.
    """
    with whole_file(path) as partial:
        partial.write_bytes(page)
        if folder is not None:
            with whole_folder(folder) as partial_folder:
                (partial_folder / MARKER).touch()
                for number, image in images:
                    (partial_folder / f"{number:06}.webp").write_bytes(image)
