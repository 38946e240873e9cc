"""Groups of new images that are of no kind that was there before."""

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from sklearn.preprocessing import normalize

from ..features import random_rows
from ..neighbors import highest_products
from ._reference import evenly_drawn

# More of either are not compared.
_MOST_COMPARED = 20_000
# Known images that tell what is usual, as many of each large cluster as of any other.
_MOST_ASKED = 2000
# Nearest images of which it is counted how many are new, and nearest new ones that this is averaged
# over.
_N_NEIGHBORS = 20
_N_AVERAGED = 10
# Clearly of a new kind is an image that is so much of the way from having as many new ones near it
# as known images have to having new ones alone.
_CLEAR = 0.8
# So are, likely, images that are half of the way, if they are linked to clear ones.
_LIKELY = 0.5
# Images that are near one another are of one group.
_N_LINKED = 10
_LEAST_MEMBERS = 20


def are_new(labels, n_known, n_clustered, n_before):
    """Tell which images may be of a kind that is new.

    They came after the first ones, that are known, and are not in a cluster that was founded by
    images that came since, or that the last clustering found in such. Those that come now may be
    new in any cluster: they are in it by a head that knows no further kind.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,), int64
        Clusters; -1 for images that could not be read.
    n_known, n_clustered, n_before : int
        Of the first images, so many are known; so many, or more, were clustered the last time; and
        so many, or more, were there before those that come now.

    Returns
    -------
    is_new : ndarray of shape (n_samples,), bool
    """
    is_readable, numbers = labels >= 0, np.arange(len(labels))
    has_come = is_readable & (numbers >= n_known)
    was_founded = _novelty_of_clusters(labels, has_come, is_readable) >= _CLEAR
    was_found = _novelty_of_clusters(labels, has_come, is_readable & (numbers < n_clustered))
    is_of_known_kind = (was_founded | (was_found >= _LIKELY))[labels]
    return has_come & ~(is_of_known_kind & (numbers < n_before))


def new_groups(rows, labels, is_new):
    """Find groups of new images that have hardly any known ones near them.

    How far they are from the known ones says less: a kind may be new and near. That new images are
    among the nearest more often than is to be expected is the two-sample test by nearest
    neighbours. To be expected is what known images of the same clusters have among their nearest:
    more where a kind has become more frequent, and where all new images are a little unlike the
    known ones. A group has clear members, and what is likely and linked to them: a threshold with
    hysteresis.

    Parameters
    ----------
    rows : ndarray of shape (n_samples, n_features), float
    labels : ndarray of shape (n_samples,), int64
        Clusters; -1 for images that could not be read.
    is_new : ndarray of shape (n_samples,), bool
        All others that could be read are known.

    Returns
    -------
    groups : ndarray of shape (n_samples,), int64
        From 0; -1 for images of no group.

    References
    ----------
    M. F. Schilling, "Multivariate Two-Sample Tests Based on Nearest Neighbors", Journal of the
    American Statistical Association 81 (1986); J. Canny, "A Computational Approach to Edge
    Detection", IEEE Transactions on Pattern Analysis and Machine Intelligence 8 (1986), for the
    threshold with hysteresis.
    """
    groups = np.full(len(labels), -1)
    known, new = np.flatnonzero((labels >= 0) & ~is_new), np.flatnonzero(is_new)
    known = known[random_rows(len(known), _MOST_COMPARED)]
    new = np.random.default_rng(0).permutation(new)[:_MOST_COMPARED]
    if len(new) < _LEAST_MEMBERS:
        return groups
    novelty = _novelty_of_images(rows[new], rows[known], labels[new], labels[known])
    is_likely = novelty >= _LIKELY
    new, is_clear = new[is_likely], novelty[is_likely] >= _CLEAR
    if is_clear.sum() >= _LEAST_MEMBERS:
        parts = _linked(_unit(rows[new]))
        is_group = np.bincount(parts, is_clear) >= _LEAST_MEMBERS
        groups[new] = np.where(is_group, is_group.cumsum() - 1, -1)[parts]
    return groups


def _novelty_of_clusters(labels, has_come, is_counted):
    """Compare the share of images that came, of those that are counted, with that of all."""
    n_clusters = labels.max() + 1
    sizes = np.bincount(labels[is_counted], minlength=n_clusters)
    n_come = np.bincount(labels[is_counted & has_come], minlength=n_clusters)
    return _novelty(n_come / np.maximum(sizes, 1), has_come[is_counted].mean())


def _novelty_of_images(new, known, new_labels, known_labels):
    """Compare the share of new ones near each new image with what known ones have near them."""
    new, known = _unit(new), _unit(known)
    # No more new ones are counted than known ones, so that there is room above the usual share.
    n_counted = min(len(new), len(known))
    compared = np.concatenate([new[:n_counted], known])
    labels = np.concatenate([new_labels[:n_counted], known_labels])
    asked = evenly_drawn(known_labels, _MOST_ASKED)
    near_known = _nearest_others(known[asked], compared, _N_NEIGHBORS, n_counted + asked)
    shares = (near_known < n_counted).mean(axis=1)
    usual = _means(shares, known_labels[asked], labels.max() + 1)
    numbers = np.arange(len(new))
    places = np.where(numbers < n_counted, numbers, -1)
    nearest = _nearest_others(new, compared, _N_NEIGHBORS, places)
    share, expected = (nearest < n_counted).mean(axis=1), usual[labels[nearest]].mean(axis=1)
    alike = _nearest_others(new, new[:n_counted], _N_AVERAGED, places)
    return _novelty(_with_those(share, alike), _with_those(expected, alike))


def _novelty(share, expected):
    """Tell how much of the way it is from the expected share of new ones to new ones alone."""
    return (share - expected) / np.maximum(1 - expected, 1e-9)


def _means(values, labels, n_clusters):
    """Mean of each cluster; that of all for one without a value."""
    sizes = np.bincount(labels, minlength=n_clusters)
    sums = np.bincount(labels, values, n_clusters)
    return np.where(sizes > 0, sums / np.maximum(sizes, 1), values.mean())


def _with_those(values, nearest):
    """Average the value of each image and those of its nearest."""
    return (values + values[nearest].sum(axis=1)) / (1 + nearest.shape[1])


def _linked(rows):
    """Find parts of images that are linked, each among the nearest of the other."""
    nearest = _nearest_others(rows, rows, _N_LINKED, np.arange(len(rows)))
    starts = np.arange(0, nearest.size + 1, nearest.shape[1])
    shape = (len(rows), len(rows))
    graph = sparse.csr_array((np.ones(nearest.size), nearest.ravel(), starts), shape=shape)
    return connected_components(graph.minimum(graph.T), directed=False)[1].astype(np.int64)


def _nearest_others(queries, rows, n_nearest, places):
    """Nearest rows to each query, without the one that it is: ``places``, -1 if it is none."""
    nearest = highest_products(queries, rows, n_nearest + 1)[1]
    # Of copies another may come first, and with many the query itself may not be among them.
    is_itself = nearest == places[:, None]
    is_itself[:, -1] |= ~is_itself.any(axis=1)
    return nearest[~is_itself].reshape(len(queries), -1)


def _unit(rows):
    return normalize(rows.astype(np.float32))
