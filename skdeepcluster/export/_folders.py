"""Results of a clustering as files: a table, and a folder for each cluster."""

import csv
import os
import re
import shutil
import unicodedata
from contextlib import contextmanager
from math import isnan
from pathlib import Path

from ..images import EXPORT_COLUMNS, EXPORT_RECORD, is_export
from ..storage import Moves, whole_file, whole_folder
from ._cells import name_cell, path_cell

# The longest file name that file systems allow.
_NAME_BYTES = 255
# What some file system does not take in a name, and control characters.
_NOT_IN_NAMES = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f\s]+')


def write_labels(path, images, labels, probabilities, names, outlier_scores):
    """Write a CSV file of path, label, probability, name and outlier score.

    It is written completely or not at all.

    A relative path that a spreadsheet would take for a formula begins with "./", such a name
    with "'".

    Parameters
    ----------
    path : path
    images : list of str or path
        What the images are called.
    labels : array-like of int
        -1 for an image that could not be read: of it there is nothing else.
    probabilities : array-like of float
    names : list of str
        Of the clusters.
    outlier_scores : array-like of float
        NaN where there is none.
    """
    columns = ("path", "label", "probability", "name", "outlier_score")
    rows = zip(images, labels, probabilities, outlier_scores, strict=True)
    with whole_file(path) as partial, _table(partial, *columns) as table:
        for image, label, probability, score in rows:
            known = (f"{probability:.4f}", name_cell(names[label])) if label >= 0 else ("", "")
            table.writerow(
                [path_cell(image), label, *known, "" if isnan(score) else f"{score:.4f}"]
            )


def write_duplicates(path, images, groups, is_kept):
    """Write a CSV file of the images that have copies, completely or not at all.

    A row has the path, the number of the group, and "yes" or "no" for whether it is the one
    worth keeping, which comes first.
    """
    members: dict[int, list[int]] = {}
    for index, group in enumerate(groups):
        members.setdefault(int(group), []).append(index)
    with whole_file(path) as partial, _table(partial, "path", "group", "keep") as table:
        for group, of in members.items():
            for index in sorted(of, key=lambda index: not is_kept[index]) if len(of) > 1 else ():
                keep = "yes" if is_kept[index] else "no"
                table.writerow([path_cell(images[index]), group, keep])


def write_flaws(path, images, flaws):
    """Write a CSV file of the images that have a flaw, and which, completely or not at all."""
    with whole_file(path) as partial, _table(partial, "path", "flaw") as table:
        for image, flaw in zip(images, flaws, strict=True):
            if flaw:
                table.writerow([path_cell(image), flaw])


def write_growth(path, table):
    """Write what became of clusters, ``DeepImageClusterer.update``, completely or not at all."""
    named = table.assign(name=[name_cell(name) for name in table["name"]]).reset_index()
    with whole_file(path) as partial, _table(partial, *named.columns) as written:
        written.writerows(named.itertuples(index=False))


def check_export(folder):
    """Raise a FileExistsError if the folder, or anything of that name, exists."""
    folder = Path(folder)
    if is_export(folder):
        raise FileExistsError(
            f"{str(folder)!r} already exists, and {EXPORT_RECORD} in it says where its images come "
            "from. Choose another output."
        )
    if os.path.lexists(folder):
        raise FileExistsError(f"{str(folder)!r} already exists. Choose another output.")


def export_clusters(folder, paths, labels, mode, names=None):
    """Sort images into a folder for each cluster.

    Parameters
    ----------
    folder : path
        Created with the folders "0", "1-dog" (if cluster 1 has a name), ... and a table
        "exported.csv" of each image's path and its new place; must not exist yet.
    paths : list of path
    labels : array-like of int
        Images with the label -1 are left out.
    mode : {"copy", "symlink", "move"}
        Applied to all images or none: if one cannot be moved, the others are moved back.
    names : list of str or None, default=None
        Of the clusters; None for one without a name.
    """
    folder = Path(folder).expanduser()
    check_export(folder)
    places = _places(paths, labels, names)
    if mode == "move":
        _move(folder.absolute(), places)
        return
    with whole_folder(folder) as partial:
        _fill(partial, places, _link if mode == "symlink" else shutil.copy2)


def _places(paths, labels, names):
    """List the images that are in a cluster, with their relative paths in the export."""
    places, taken = [], set()
    last_number: dict[str, int] = {}
    for path, label in zip((Path(path).expanduser() for path in paths), labels, strict=True):
        if label < 0:
            continue
        place = Path(_folder_of(label, names and names[label]), path.name)
        # Images of the same name from several folders are numbered.
        name = _key(place)
        number = last_number.get(name, 1)
        while _key(place) in taken:
            number += 1
            place = place.with_name(_numbered(path.name, number))
        last_number[name] = number
        taken.add(_key(place))
        places.append((path, place))
    return places


def _folder_of(label, name):
    """Return what the folder of a cluster is called: its number, and its name if it has one."""
    name = _NOT_IN_NAMES.sub(" ", name or "")
    folder = f"{label}-{name.strip()}"
    while len(os.fsencode(folder)) > _NAME_BYTES:
        folder = folder[:-1]
    # Some systems drop these from the end of a name.
    return folder.rstrip(" .-") or str(label)


def _key(place):
    """Return a key that is equal for names that some file systems do not tell apart."""
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
    with _table(folder / EXPORT_RECORD, *EXPORT_COLUMNS) as record:
        for path, place in places:
            target = folder / place
            if os.path.lexists(target):
                raise FileExistsError(f"{str(target)!r} already exists.")
            # Written first: if the run is killed, the record says where the images are.
            record.writerow([path_cell(path), place.as_posix()])
            action(path.absolute(), target)


def _link(source, target):
    # A link to a file that is gone could be made as well.
    source.stat()
    os.symlink(source, target)


def _move(folder, places):
    # Every image is looked at here, while there is nothing to undo yet.
    moves = Moves(path.absolute() for path, _ in places)
    # Links come last, when the new places of the files that they lead to are known.
    places = sorted(places, key=lambda pair: pair[0].is_symlink())
    # Not under a temporary name: a killed run must not leave the only copies there.
    folder.mkdir(parents=True)
    try:
        _fill(folder, places, moves.move)
    except BaseException:
        moves.undo(record=folder / EXPORT_RECORD)
        shutil.rmtree(folder)
        raise


@contextmanager
def _table(path, *columns):
    """Open a CSV file that keeps the bytes of file names and writes each row to disk at once."""
    with open(
        path, "w", buffering=1, newline="", encoding="utf-8", errors="surrogateescape"
    ) as file:
        table = csv.writer(file)
        table.writerow(columns)
        yield table
