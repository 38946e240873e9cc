"""The page, and the folder of pictures beside it."""

import os
import re

from .._atomic import check_file, check_folder, whole_file, whole_folder


def check_target(path, folder):
    """Refuse before the work what would fail after it.

    Parameters
    ----------
    path : Path
        Of the page.
    folder : Path or None
        Of the pictures beside it.
    """
    check_file(path)
    if folder is None:
        return
    check_folder(folder)
    if folder.exists():
        others = [item for item in os.listdir(folder) if not re.fullmatch(r"\d{6,}\.webp", item)]
        if others:
            raise FileExistsError(
                f"{str(folder)!r} holds other files, such as {others[0]!r}. Name another page."
            )


def write_files(path, page, folder, pictures):
    """Write the page and the pictures beside it; both appear whole or not at all.

    Parameters
    ----------
    path : Path
    page : bytes
    folder : Path or None
    pictures : iterable of (int, bytes)
        Number and contents of each file in the folder; not touched if there is none.
    """
    with whole_file(path) as partial:
        partial.write_bytes(page)
        if folder is not None:
            with whole_folder(folder) as partial_folder:
                for number, picture in pictures:
                    (partial_folder / f"{number:06}.webp").write_bytes(picture)
