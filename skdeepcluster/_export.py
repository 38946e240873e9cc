"""Results of a clustering as files: a table, and a folder a cluster."""

import csv
import os
import shutil
import uuid
from pathlib import Path


def write_labels(path, names, labels, probabilities):
    """Write a CSV file of path, label and probability; it appears whole or not at all."""
    path = Path(path)
    partial = path.with_name(f".{path.name}-{uuid.uuid4().hex}")
    try:
        with open(partial, "w", newline="", encoding="utf-8", errors="surrogateescape") as file:
            writer = csv.writer(file)
            writer.writerow(["path", "label", "probability"])
            for name, label, probability in zip(names, labels, probabilities, strict=True):
                # A picture that could not be read has no probability.
                writer.writerow([name, label, f"{probability:.4f}" if label >= 0 else ""])
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def export_clusters(folder, paths, labels, mode):
    """Sort pictures into a folder a cluster.

    Parameters
    ----------
    folder : path
        Gets the folders "0", "1", ...; must not exist yet.
    paths : list of path
    labels : array-like of int
        Pictures with the label -1 are left where they are.
    mode : {"copy", "symlink", "move"}
    """
    folder = Path(folder)
    if folder.exists():
        raise FileExistsError(f"{str(folder)!r} exists already. Remove it or name another.")
    if mode == "move":
        # What is moved belongs under its final name at once: it is nowhere else.
        _fill(folder, paths, labels, shutil.move)
        return
    partial = folder.with_name(f".{folder.name}-{uuid.uuid4().hex}")
    try:
        _fill(partial, paths, labels, os.symlink if mode == "symlink" else shutil.copy2)
        os.replace(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _fill(folder, paths, labels, action):
    folder.mkdir(parents=True)
    taken = set()
    for path, label in zip(paths, labels, strict=True):
        if label < 0:
            continue
        home = folder / str(label)
        home.mkdir(exist_ok=True)
        path = Path(path)
        target, number = home / path.name, 1
        # Pictures of one name from several folders; where case does not count, the disk knows.
        while target in taken or os.path.lexists(target):
            number += 1
            target = home / f"{path.stem}-{number}{path.suffix}"
        taken.add(target)
        action(os.path.abspath(path), target)
