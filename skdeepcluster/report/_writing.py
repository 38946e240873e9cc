"""Files that appear whole or not at all."""

import os
import re
import shutil
import uuid


def check_target(path, folder):
    """Refuse before the work what would fail after it.

    Parameters
    ----------
    path : Path
        Of the page.
    folder : Path or None
        Of the pictures beside it.
    """
    if not path.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {str(path.parent)!r}.")
    if path.is_dir():
        raise IsADirectoryError(f"{str(path)!r} is a folder. Name a file, such as report.html.")
    if folder is not None and folder.exists():
        others = [item for item in os.listdir(folder) if not re.fullmatch(r"\d{6,}\.webp", item)]
        if others:
            raise FileExistsError(
                f"{str(folder)!r} holds other files, such as {others[0]!r}. Name another page."
            )


def write_files(path, page, folder, pictures):
    """Write the page and the pictures beside it.

    Parameters
    ----------
    path : Path
    page : bytes
    folder : Path or None
    pictures : iterable of (int, bytes)
        Number and contents of each file in the folder; not touched if there is none.
    """
    partial, partial_folder = _beside(path), _beside(path)
    try:
        partial.write_bytes(page)
        if folder is not None:
            partial_folder.mkdir()
            for number, picture in pictures:
                (partial_folder / f"{number:06}.webp").write_bytes(picture)
            if folder.exists():
                shutil.rmtree(folder)
            os.replace(partial_folder, folder)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
        shutil.rmtree(partial_folder, ignore_errors=True)


def _beside(path):
    return path.with_name(f".{path.name}-{uuid.uuid4().hex}")
