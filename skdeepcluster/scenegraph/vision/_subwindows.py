"""Where in a grid of evidence the best rectangles are."""

from functools import cache

import numpy as np


def best_subwindows(evidence, max_windows):
    """Find rectangles of cells whose evidence sums up to most, one after the other.

    Parameters
    ----------
    evidence : ndarray of shape (n_classes, height, width)
        Of each class in each cell; negative where there is more evidence against it.
    max_windows : int

    Returns
    -------
    windows : ndarray of shape (n_windows, 4), int64
        Left, top, right and bottom, in cells. They do not overlap, and each has, for one class,
        the highest sum that is to be had without the cells of those before. Sums are positive.

    References
    ----------
    C. Lampert, M. Blaschko, T. Hofmann, "Beyond Sliding Windows: Object Localization by Efficient
    Subwindow Search", CVPR 2008. On grids as small as these all rectangles can be tried.
    """
    rectangles = _rectangles(*evidence.shape[1:])
    # No rectangle that has such a cell is better than one without it.
    taken = -np.abs(evidence).sum() - 1
    found = []
    for _ in range(max_windows):
        sums = _sums(evidence, rectangles)
        best = sums.max(axis=0).argmax()
        if sums[:, best].max() <= 0:
            break
        left, top, right, bottom = rectangles[best]
        found.append(rectangles[best])
        evidence = evidence.copy()
        evidence[:, top:bottom, left:right] = taken
    return np.array(found, dtype=np.int64).reshape(-1, 4)


@cache
def _rectangles(height, width):
    """All rectangles of a grid, (n, 4)."""
    rows, columns = (
        np.array([(start, stop) for start in range(n) for stop in range(start + 1, n + 1)])
        for n in (height, width)
    )
    row, column = np.divmod(np.arange(len(rows) * len(columns)), len(columns))
    return np.stack([columns[column, 0], rows[row, 0], columns[column, 1], rows[row, 1]], axis=1)


def _sums(grids, rectangles):
    """Sum of each grid in each rectangle, (n_grids, n_rectangles)."""
    integrals = np.pad(grids.cumsum(axis=1).cumsum(axis=2), [(0, 0), (1, 0), (1, 0)])
    left, top, right, bottom = rectangles.T
    return (
        integrals[:, bottom, right]
        - integrals[:, top, right]
        - integrals[:, bottom, left]
        + integrals[:, top, left]
    )
