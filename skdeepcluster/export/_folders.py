"""Results of a clustering as files: a table, and a folder a cluster."""

import csv
import os
import shutil
import unicodedata
from contextlib import contextmanager
from pathlib import Path

from ..storage import Moves, whole_file, whole_folder

# Lies among the folders of the clusters, and by it they are known.
_RECORD = "exported.csv"
_COLUMNS = ("path", "exported")
# What file systems have room for.
_NAME_BYTES = 255


def write_labels(path, names, labels, probabilities):
    """Write a CSV file of path, label and probability; it appears whole or not at all."""
    with whole_file(path) as partial, _table(partial, "path", "label", "probability") as table:
        for name, label, probability in zip(names, labels, probabilities, strict=True):
            # An image that could not be read has no probability.
            table.writerow([name, label, f"{probability:.4f}" if label >= 0 else ""])


def is_export(folder):
    """Tell whether images were exported into a folder: a file of that name alone says nothing."""
    record = Path(folder, _RECORD)
    if not record.is_file():
        return False
    with open(record, "rb") as file:
        return file.readline().rstrip() == ",".join(_COLUMNS).encode()


def check_export(folder):
    """Raise a FileExistsError if there is something in the place of the folder."""
    folder = Path(folder)
    if is_export(folder):
        raise FileExistsError(
            f"{str(folder)!r} exists already, and {_RECORD} in it tells where its images come "
            "from. Name another output."
        )
    if os.path.lexists(folder):
        raise FileExistsError(f"{str(folder)!r} exists already. Name another output.")


def export_clusters(folder, paths, labels, mode):
    """Sort images into a folder a cluster.

    Parameters
    ----------
    folder : path
        Gets the folders "0", "1", ... and a table "exported.csv" of each image's path and its
        place among them; must not exist yet.
    paths : list of path
    labels : array-like of int
        Images with the label -1 are left where they are.
    mode : {"copy", "symlink", "move"}
        All of them, or none: what was moved is moved back if a later one cannot be.
    """
    check_export(folder)
    places = _places(paths, labels)
    if mode == "move":
        _move(Path(folder).absolute(), places)
        return
    with whole_folder(folder) as partial:
        _fill(partial, places, os.symlink if mode == "symlink" else shutil.copy2)


def _places(paths, labels):
    """List each image that is in a cluster, and its place in the export."""
    places, taken = [], set()
    last_number: dict[str, int] = {}
    for path, label in zip(map(Path, paths), labels, strict=True):
        if label < 0:
            continue
        place = Path(str(label), path.name)
        # Images of one name from several folders are numbered.
        name = _key(place)
        number = last_number.get(name, 1)
        while _key(place) in taken:
            number += 1
            place = place.with_name(_numbered(path.name, number))
        last_number[name] = number
        taken.add(_key(place))
        places.append((path, place))
    return places


def _key(place):
    """Return what is equal for names that some file system takes for one."""
    return unicodedata.normalize("NFC", str(place)).casefold()


def _numbered(name, number):
    stem, suffix = os.path.splitext(name)
    ending = f"-{number}{suffix}"
    while stem and len(os.fsencode(stem + ending)) > _NAME_BYTES:
        stem = stem[:-1]
    return stem + ending


def _fill(folder, places, action):
    for home in {folder / place.parent for _, place in places}:
        home.mkdir()
    with _table(folder / _RECORD, *_COLUMNS) as record:
        for path, place in places:
            target = folder / place
            if os.path.lexists(target):
                raise FileExistsError(f"{str(target)!r} exists already.")
            # Before it is done: of a run that is killed it tells where images went.
            record.writerow([path, place.as_posix()])
            action(path.absolute(), target)


def _move(folder, places):
    # Both look at every image, and nothing is to be undone yet.
    moves = Moves(path.absolute() for path, _ in places)
    # Links come last, when it is known where the files are that they lead to.
    places = sorted(places, key=lambda pair: pair[0].is_symlink())
    # Images belong under their final names at once: they are nowhere else.
    folder.mkdir(parents=True)
    try:
        _fill(folder, places, moves.move)
    except BaseException:
        moves.undo(told_by=folder / _RECORD)
        shutil.rmtree(folder)
        raise


@contextmanager
def _table(path, *columns):
    """Open a CSV file that keeps the bytes of file names, and has each row on the disk at once."""
    with open(
        path, "w", buffering=1, newline="", encoding="utf-8", errors="surrogateescape"
    ) as file:
        table = csv.writer(file)
        table.writerow(columns)
        yield table
