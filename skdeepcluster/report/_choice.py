"""Which images of a cluster are shown, and the order in which images get a thumbnail."""

import numpy as np

from ..features import are_copies

# Number of images in each row of a cluster.
ROWS = {"typical": 8, "boundary": 6, "outliers": 6}


def choose_rows(assessment, label):
    """Choose the images of a cluster for its rows.

    Parameters
    ----------
    assessment : Assessment
    label : int

    Returns
    -------
    rows : dict of str to list of int
        "typical": the nearest to the centre; "boundary": those whose second cluster is almost
        as likely as their own; "outliers": those with the highest outlier scores. No image is
        in two rows; in a small cluster the rows take turns. Copies of an image come last.
    """
    members = np.flatnonzero(assessment.labels == label)
    is_copy = are_copies(assessment.latents[members])
    keys = {
        "typical": -assessment.similarities[members],
        "boundary": _margins(assessment.probabilities[members]),
        "outliers": -assessment.outlier_scores[members],
    }
    rows: dict[str, list] = {name: [] for name in ROWS}
    candidates = {
        name: iter(members[np.lexsort((key, is_copy))].tolist()) for name, key in keys.items()
    }
    taken: set = set()
    for rank in range(max(ROWS.values())):
        for name, row in rows.items():
            if rank < ROWS[name]:
                pick = next((index for index in candidates[name] if index not in taken), None)
                if pick is not None:
                    row.append(pick)
                    taken.add(pick)
    return rows


def _margins(probabilities):
    """Difference between the probabilities of the most likely cluster and the second."""
    if probabilities.shape[1] < 2:
        return np.ones(len(probabilities))
    last_two = np.partition(probabilities, -2, axis=1)[:, -2:]
    return last_two[:, 1] - last_two[:, 0]


def fair_order(rows, labels, random_state):
    """Order images so that the first n, for any n, represent all clusters.

    Parameters
    ----------
    rows : dict of int to dict of str to list of int
        The results of ``choose_rows`` by cluster.
    labels : ndarray of shape (n_samples,), int
    random_state : RandomState instance

    Returns
    -------
    order : ndarray of int
        All images that are in a cluster: first those of the rows, then the others in random
        order. The clusters take turns.
    """
    queues = []
    for label, chosen in rows.items():
        shown = _in_turn(chosen.values())
        others = np.setdiff1d(np.flatnonzero(labels == label), shown)
        queues.append([*shown, *random_state.permutation(others).tolist()])
    return np.array(_in_turn(queues), dtype=np.int64)


def _in_turn(queues):
    """Return the first item of each queue, then the second of each, and so on."""
    ranked = [(rank, turn) for turn, queue in enumerate(queues) for rank in range(len(queue))]
    queues = list(queues)
    return [queues[turn][rank] for rank, turn in sorted(ranked)]
