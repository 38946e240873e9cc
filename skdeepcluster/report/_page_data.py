"""The numbers and names behind the page, as plain lists."""

import os

import numpy as np

from ..displays import lay_out

# Numbers are whole in the page: of these parts of 1, and of the map's side.
_PROBABILITY_PARTS = 10_000
_SCORE_PARTS = 1_000
_MAP_SIDE = 4095


def page_data(assessment, source, rows, names, random_state):
    """Collect what the page tells of clusters and images.

    Parameters
    ----------
    assessment : Assessment
    source : ImageSource
    rows : dict of int to dict of str to list of int
        Images shown of each cluster.
    names : list of str or None
        Of all clusters of the estimator, by label.
    random_state : int, RandomState instance or None
        Of the map.

    Returns
    -------
    data : dict
        "clusters": a dict for each that has images, the largest first. "cluster_names": of
        all clusters, for the next likely one may have no image here. "root": how all paths
        begin; "separator": what stands between folders. The others are lists with an item an
        image: "names", the rest of the path; "labels" and "seconds", the next likely
        cluster; "probabilities" in ten-thousandths, "outliers", the scores, in thousandths;
        "x" and "y" from 0 to 4095. Of an image that could not be read all numbers are -1.
    """
    labels = assessment.labels
    root, shown_names = _split_root([source.name(index) for index in range(len(source))])
    x, y = _positions(assessment.latents, random_state)
    clusters = [
        {
            "label": label,
            "size": int((labels == label).sum()),
            "cohesion": round(float(assessment.similarities[labels == label].mean()), 4),
            **chosen,
        }
        for label, chosen in rows.items()
    ]
    return {
        "clusters": sorted(clusters, key=lambda cluster: -cluster["size"]),
        "cluster_names": names,
        "root": root,
        "separator": os.sep,
        "names": shown_names,
        "labels": labels.tolist(),
        "seconds": _second_labels(assessment),
        "probabilities": _whole(assessment.probabilities.max(axis=1), _PROBABILITY_PARTS),
        "outliers": _whole(assessment.outlier_scores, _SCORE_PARTS),
        "x": x,
        "y": y,
    }


def _split_root(paths):
    # Cut at the last separator, so that letters may be compared.
    beginning = os.path.commonprefix(paths)  # noqa: RUF071
    root = beginning[: beginning.rfind(os.sep) + 1]
    return root, [path[len(root) :] for path in paths]


def _whole(values, parts):
    whole = np.rint(np.nan_to_num(values) * parts).astype(int)
    return np.where(np.isnan(values), -1, whole).tolist()


def _second_labels(assessment):
    labels, others = assessment.labels, np.nan_to_num(assessment.probabilities)
    if others.shape[1] < 2:
        return [-1] * len(others)
    # Masked, for where two are equally likely the own one need not come out as the first.
    others[np.arange(len(labels)), labels] = -1
    return np.where(labels < 0, -1, others.argmax(axis=1)).tolist()


def _positions(latents, random_state):
    """Whole coordinates on a square, the longer extent from edge to edge; y grows downwards."""
    readable = ~np.isnan(latents[:, 0])
    positions = np.full((len(latents), 2), np.nan)
    positions[readable] = lay_out(latents[readable], random_state)
    low, high = np.nanmin(positions, axis=0), np.nanmax(positions, axis=0)
    extent = max((high - low).max(), 1e-12)
    centered = (positions - (low + high) / 2) / extent * [1, -1] + 0.5
    return [_whole(column, _MAP_SIDE) for column in centered.T]
