"""The page, and the folder of images beside it."""

import os
import re

from ..storage import check_file, check_folder, resolved, whole_file, whole_folder

# Lies among the images beside a page, and by it their folder is known.
MARKER = ".skdeepcluster-report"


def check_target(path, folder, source):
    """Refuse before the work what would fail after it.

    Parameters
    ----------
    path : Path
        Of the page.
    folder : Path or None
        Of the images beside it; what an earlier report wrote there will be replaced.
    source : ImageSource
        Images of the report.
    """
    check_file(path)
    if folder is None:
        return
    check_folder(folder)
    names = set(os.listdir(folder)) if folder.exists() else set()
    if not names:
        return
    others = {name for name in names if not re.fullmatch(r"\d{6,}\.webp", name)} - {MARKER}
    if others:
        raise FileExistsError(
            f"{str(folder)!r} holds other files, such as {min(others)!r}. Name another page."
        )
    # Images of users may be named by numbers, too.
    if MARKER not in names:
        raise FileExistsError(
            f"{str(folder)!r} holds images, and no {MARKER} that tells they are of a report. "
            "Name another page, or remove the folder."
        )
    inside = resolved(folder)
    shown = next((one for one in source.paths or [] if inside in resolved(one).parents), None)
    if shown is not None:
        raise FileExistsError(
            f"{str(folder)!r} would be replaced, and {str(shown)!r} of the images is in it. "
            "Name another page."
        )


def write_files(path, page, folder, images):
    """Write the page and the images beside it; both appear whole or not at all.

    Parameters
    ----------
    path : Path
    page : bytes
    folder : Path or None
    images : iterable of (int, bytes)
        Number and contents of each file in the folder; not touched if there is none.
    """
    with whole_file(path) as partial:
        partial.write_bytes(page)
        if folder is not None:
            with whole_folder(folder) as partial_folder:
                (partial_folder / MARKER).touch()
                for number, image in images:
                    (partial_folder / f"{number:06}.webp").write_bytes(image)
