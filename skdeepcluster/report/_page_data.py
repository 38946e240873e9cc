"""The numbers and names on the page, as plain lists."""

import os
from pathlib import Path

import numpy as np

from ..cluster import means_of_known
from ..displays import lay_out
from ._checks import far_out, images_to_check

# Numbers are integers on the page: multiples of these fractions of 1, and of the map's side.
_PROBABILITY_PARTS = 10_000
_SCORE_PARTS = 1_000
_SHARE_PARTS = 1_000
_MAP_SIDE = 4095


def page_data(assessment, source, rows, partition, flaws, duplicates, random_state):
    """Collect the data of clusters and images that the page shows.

    Parameters
    ----------
    assessment : Assessment
    source : ImageSource
    rows : dict of int to dict of str to list of int
        The images that are shown for each cluster.
    partition : Partition
        Of the estimator: it knows names and tree of its clusters.
    flaws : ndarray of shape (n_samples,), str
        What images lack, such as "dark".
    duplicates : Duplicates or None
        Copies among the images.
    random_state : int, RandomState instance or None
        Determines the map.

    Returns
    -------
    data : dict
        Of clusters: "clusters", a dict for each that has images, largest first; "cluster_names" of
        all, since the second most likely one of an image may have no images here; "tree", with
        "joined", the nodes that are joined, and "stability" of all nodes, None where it is not
        known; itself None for fewer than three clusters.

        Of some images: "copies", lists of those that are copies of one another, the one worth
        keeping first; "flaws", what images lack, by their numbers; "checks", those that deserve a
        look; "outlying", the outlier score from which on an image is one, in thousandths.

        Of their paths: "root", the common beginning; "separator" of paths; "base", the URL of the
        folder that the root is, None if the images are not files.

        Lists with an item for each image: "names", the rest of the path; "labels" and "seconds",
        the second most likely cluster; "probabilities" in ten-thousandths; in thousandths
        "outliers", the outlier scores, "agreements", the shares of neighbours that are in the same
        cluster, -1 if it is not known, and "stabilities", None if there are none; "x" and "y" from
        0 to 4095. All numbers of an image that could not be read are -1.
    """
    labels = assessment.labels
    root, shown_names = _split_root([source.name(index) for index in range(len(source))])
    x, y = _positions(assessment.latents, random_state)
    certainty = assessment.probabilities.max(axis=1)
    outlying = far_out(assessment.outlier_scores)
    stability = means_of_known(assessment.stability, labels, assessment.probabilities.shape[1])
    is_known = bool(np.isfinite(assessment.stability).any())
    clusters = [
        {
            "label": label,
            "size": int((labels == label).sum()),
            "confidence": round(float(certainty[labels == label].mean()), 4),
            "stability": _known(stability[label], 4),
            **chosen,
        }
        for label, chosen in rows.items()
    ]
    return {
        "clusters": sorted(clusters, key=lambda cluster: -cluster["size"]),
        "cluster_names": partition.names,
        "tree": _tree(partition.tree),
        "copies": [] if duplicates is None else _copies(duplicates),
        "flaws": {int(index): str(flaws[index]) for index in np.flatnonzero(flaws != "")},
        "root": root,
        "separator": os.sep,
        "base": None if source.paths is None else _url_of_folder(root),
        "checks": images_to_check(assessment, flaws, duplicates).tolist(),
        "outlying": int(np.ceil(outlying * _SCORE_PARTS)) if np.isfinite(outlying) else None,
        "names": shown_names,
        "labels": labels.tolist(),
        "seconds": _second_labels(assessment),
        "probabilities": _integers(certainty, _PROBABILITY_PARTS),
        "outliers": _integers(assessment.outlier_scores, _SCORE_PARTS),
        "agreements": _integers(assessment.agreements, _SHARE_PARTS),
        "stabilities": _integers(assessment.stability, _SHARE_PARTS) if is_known else None,
        "x": x,
        "y": y,
    }


def _known(value, n_digits):
    return None if np.isnan(value) else round(float(value), n_digits)


def _tree(tree):
    if tree.n_leaves_ < 3:
        return None
    of_nodes = tree.stability_
    stability = None if of_nodes is None else [_known(of_node, 3) for of_node in of_nodes]
    return {"joined": tree.children_.tolist(), "stability": stability}


def _copies(duplicates):
    order = np.lexsort((~duplicates.is_kept, duplicates.groups))
    groups = np.split(order, np.flatnonzero(np.diff(duplicates.groups[order])) + 1)
    return [group.tolist() for group in groups if len(group) > 1]


def _split_root(paths):
    # Letters may be compared, since the prefix is cut at the last separator.
    beginning = os.path.commonprefix(paths)  # noqa: RUF071
    root = beginning[: beginning.rfind(os.sep) + 1]
    return root, [path[len(root) :] for path in paths]


def _url_of_folder(root):
    """URL that leads to an image if the rest of its path, in the page, is joined to it."""
    return Path(root).absolute().as_uri().rstrip("/") + "/"


def _integers(values, parts):
    rounded = np.rint(np.nan_to_num(values) * parts).astype(int)
    return np.where(np.isnan(values), -1, rounded).tolist()


def _second_labels(assessment):
    labels, others = assessment.labels, np.nan_to_num(assessment.probabilities)
    if others.shape[1] < 2:
        return [-1] * len(others)
    # Masked, since an image's own cluster need not be the first of two equally likely ones.
    others[np.arange(len(labels)), labels] = -1
    return np.where(labels < 0, -1, others.argmax(axis=1)).tolist()


def _positions(latents, random_state):
    """Scale positions to integers on a square that they fill in one direction; y points down."""
    readable = ~np.isnan(latents[:, 0])
    positions = np.full((len(latents), 2), np.nan)
    positions[readable] = lay_out(latents[readable], random_state)
    low, high = np.nanmin(positions, axis=0), np.nanmax(positions, axis=0)
    extent = max((high - low).max(), 1e-12)
    centered = (positions - (low + high) / 2) / extent * [1, -1] + 0.5
    return [_integers(column, _MAP_SIDE) for column in centered.T]
