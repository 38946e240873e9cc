"""The best clusters of groups of which some must not be in the same."""

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse.csgraph import connected_components

_MOST_SECONDS = 60
# Of the sum of scores: what takes a minute to gain is not worth it.
_TOLERANCE = 1e-3


class Infeasible(Exception):
    """There are too few clusters for groups that are all to be kept apart.

    ``groups`` are some for which this is so, and no fewer of them.
    """

    def __init__(self, groups):
        super().__init__(groups)
        self.groups = groups


def assign_groups(scores, classes, apart):
    """Find the clusters of groups that have the highest sum of scores.

    The optimum of an integer program, which is small: a group that is kept apart from n others
    is, at the optimum, in one of its n + 1 best clusters, since one of these is free.

    Parameters
    ----------
    scores : ndarray of shape (n_groups, n_clusters), float
    classes : ndarray of shape (n_groups,), int64
        Cluster of each group that has a known one; -1 for the others.
    apart : ndarray of shape (n_pairs, 2), int64
        Groups that are not in the same cluster.

    Returns
    -------
    labels : ndarray of shape (n_groups,), int64

    Raises
    ------
    Infeasible
        If there are none.
    """
    labels = np.where(classes >= 0, classes, scores.argmax(axis=1))
    in_conflict = labels[apart[:, 0]] == labels[apart[:, 1]]
    part_of = _parts(len(classes), apart)
    for part in np.unique(part_of[apart[in_conflict, 0]]):
        members = np.flatnonzero(part_of == part)
        found = _solve(scores, classes, apart, members)
        if found is None:
            raise Infeasible(_least_infeasible(scores, classes, apart, members))
        labels[members] = found
    return labels


def check_feasible(n_clusters, classes, apart):
    """Raise Infeasible if no clusters keep the groups apart.

    A group that is kept apart from fewer others than there are clusters finds a free one, and so
    need not be looked at; nor need, then, others that it counted for.
    """
    is_hard = np.ones(len(classes), dtype=bool)
    while True:
        edges = apart[is_hard[apart].all(axis=1)]
        degrees = np.bincount(edges.ravel(), minlength=len(classes))
        still_hard = (degrees >= n_clusters) | ((classes >= 0) & (degrees > 0))
        if (still_hard == is_hard).all():
            break
        is_hard = still_hard
    scores = np.zeros((len(classes), n_clusters))
    part_of = _parts(len(classes), edges)
    for part in np.unique(part_of[edges[:, 0]]):
        members = np.flatnonzero(part_of == part)
        if _solve(scores, classes, edges, members) is None:
            raise Infeasible(_least_infeasible(scores, classes, edges, members))


def _parts(n_groups, apart):
    """Tell which part of the graph of groups to keep apart each is in, (n_groups,), int."""
    shape = (n_groups, n_groups)
    graph = sparse.coo_array((np.ones(len(apart)), (apart[:, 0], apart[:, 1])), shape=shape)
    return connected_components(graph, directed=False)[1]


def _solve(scores, classes, apart, members):
    """Clusters of some groups, None if there are none; other groups are not looked at."""
    n_clusters = scores.shape[1]
    place = np.full(len(classes), -1)
    place[members] = np.arange(len(members))
    edges = place[apart]
    edges = edges[(edges >= 0).all(axis=1)]
    degrees = np.bincount(edges.ravel(), minlength=len(members))
    # A variable for each group and each cluster that it may be in.
    candidates = [
        np.array([classes[member]])
        if classes[member] >= 0
        else np.argsort(-scores[member], kind="stable")[: degree + 1]
        for member, degree in zip(members, degrees, strict=True)
    ]
    groups = np.repeat(np.arange(len(members)), [len(each) for each in candidates])
    clusters = np.concatenate(candidates)
    n_variables = len(groups)
    variable = np.full((len(members), n_clusters), -1)
    variable[groups, clusters] = np.arange(n_variables)
    ones = np.ones(n_variables)
    in_one = sparse.csr_array(
        (ones, (groups, np.arange(n_variables))), shape=(len(members), n_variables)
    )
    ends = variable[edges[:, 0]], variable[edges[:, 1]]
    both = np.nonzero((ends[0] >= 0) & (ends[1] >= 0))
    rows = np.tile(np.arange(len(both[0])), 2)
    columns = np.concatenate([end[both] for end in ends])
    not_both = sparse.csr_array(
        (np.ones(len(rows)), (rows, columns)), shape=(len(both[0]), n_variables)
    )
    constraints = [LinearConstraint(in_one, 1, 1)]
    if len(rows):
        constraints.append(LinearConstraint(not_both, -np.inf, 1))
    result = milp(
        -scores[members[groups], clusters].astype(np.float64),
        integrality=ones,
        bounds=Bounds(0, 1),
        constraints=constraints,
        options={"time_limit": _MOST_SECONDS, "mip_rel_gap": _TOLERANCE},
    )
    if result.x is not None:
        chosen = result.x > 0.5
        labels = np.empty(len(members), dtype=np.int64)
        labels[groups[chosen]] = clusters[chosen]
        return labels
    if result.status != 2:
        raise ValueError(
            f"No clusters were found in {_MOST_SECONDS} seconds that respect {len(edges)} pairs "
            "of cannot_link which hang together. Give fewer pairs, or more clusters."
        )
    return None


def _least_infeasible(scores, classes, apart, members):
    """Take away groups as long as the others have no solution."""
    for group in members.tolist():
        fewer = members[members != group]
        if len(fewer) and _solve(scores, classes, apart, fewer) is None:
            members = fewer
    return members
