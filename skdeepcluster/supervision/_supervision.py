"""What is known of samples, free of contradictions, as it goes through a fit."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from ._assignment import Infeasible, assign_groups, check_feasible
from ._given import Given, check_given
from ._links import Links


@dataclass(frozen=True, eq=False)
class Supervision:
    """Groups of samples that belong together, the clusters of some, and groups to keep apart.

    Parameters
    ----------
    groups : ndarray of shape (n_samples,), int64
        Group of each sample of which anything is known; -1 for the others.
    classes : ndarray of shape (n_groups,), int64
        Cluster of each group, no two of them the same; -1 where it is not known.
    apart : ndarray of shape (n_pairs, 2), int64
        Groups that are in different clusters, of which one is not known.
    """

    groups: np.ndarray
    classes: np.ndarray
    apart: np.ndarray

    @classmethod
    def of(
        cls, given: Given, n_clusters: int | None = None, firsts: np.ndarray | None = None
    ) -> Supervision:
        """Draw the conclusions of what is given.

        Parameters
        ----------
        given : Given
        n_clusters : int, default=None
            How many there are; None if it is not known yet.
        firsts : ndarray of shape (n_samples,), int64, default=None
            Which sample each is a copy of, or its own position; copies belong together.

        Raises
        ------
        ValueError
            If there are no clusters that respect it. The message names the samples.
        """
        links = Links(given, firsts)
        component_of = links.parts()
        n_samples = len(given.labels)
        known = np.union1d(np.flatnonzero(given.labels >= 0), given.must_link.ravel())
        known = np.union1d(known, given.cannot_link.ravel())
        of_groups = np.unique(component_of[known])
        number_of = np.full(component_of.max() + 1, -1)
        number_of[of_groups] = np.arange(len(of_groups))
        groups = number_of[component_of]
        classes = np.full(len(of_groups), -1)
        for label in np.unique(given.labels[given.labels >= 0]).tolist():
            group = groups[links.node_of_label(label)]
            if classes[group] >= 0:
                raise ValueError(f"{links.two_labels(classes[group], label)}.")
            classes[group] = label
        groups = groups[:n_samples]
        apart = groups[given.cannot_link]
        if (apart[:, 0] == apart[:, 1]).any():
            pair = given.cannot_link[(apart[:, 0] == apart[:, 1]).argmax()]
            raise ValueError(_together_and_apart(links, *pair.tolist()))
        apart = apart[(classes[apart] < 0).any(axis=1)]
        apart = np.unique(np.sort(apart, axis=1), axis=0)
        supervision = cls(groups, classes, apart)
        if n_clusters is not None:
            supervision._check_number(n_clusters, given)
        return supervision

    @property
    def is_known(self) -> np.ndarray:
        """Whether anything is known of each sample, bool of shape (n_samples,)."""
        return self.groups >= 0

    @property
    def labels(self) -> np.ndarray:
        """Cluster of each sample, -1 where it is not known, int64 of shape (n_samples,)."""
        return np.where(self.is_known, self.classes[self.groups], -1)

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        """All that is known, as arrays."""
        return self.groups, self.classes, self.apart

    def least_number(self, n_clusters: int) -> int:
        """Raise a number of clusters until there are as many as are needed."""
        n_clusters = max(n_clusters, int(self.classes.max()) + 1)
        while True:
            try:
                check_feasible(n_clusters, self.classes, self.apart)
            except Infeasible:
                n_clusters += 1
            else:
                return n_clusters

    def taken(self, rows: np.ndarray) -> Supervision:
        """Give what is known of some of the samples, which are numbered anew.

        Of the others as well, as far as it matters: groups stay, without members.
        """
        return replace(self, groups=self.groups[rows])

    def assigned(self, scores: np.ndarray) -> np.ndarray:
        """Find the best clusters that respect what is known.

        Parameters
        ----------
        scores : ndarray of shape (n_samples, n_clusters), float
            How well each cluster suits each sample. Those of a group are added up.

        Returns
        -------
        labels : ndarray of shape (n_samples,), int64
        """
        known = np.flatnonzero(self.is_known)
        ones = np.ones(len(known))
        shape = (len(self.classes), len(known))
        members = sparse.csr_array((ones, (self.groups[known], np.arange(len(known)))), shape=shape)
        labels = scores.argmax(axis=1).astype(np.int64)
        of_groups = assign_groups(members @ scores[known], self.classes, self.apart)
        labels[known] = of_groups[self.groups[known]]
        return labels

    def _check_number(self, n_clusters, given):
        if self.classes.max() >= n_clusters:
            raise ValueError(
                f"y holds the label {self.classes.max()}; with n_clusters={n_clusters} labels "
                f"lie in [0, {n_clusters - 1}]."
            )
        try:
            check_feasible(n_clusters, self.classes, self.apart)
        except Infeasible as found:
            raise ValueError(self._too_few(n_clusters, found.groups, given)) from None

    def _too_few(self, n_clusters, groups, given):
        ends = self.groups[given.cannot_link]
        chosen = np.isin(ends, groups).all(axis=1)
        pairs = ", ".join(f"{one}-{other}" for one, other in given.cannot_link[chosen].tolist())
        labelled = [
            f"{np.flatnonzero(self.groups == group)[0]} has the label {self.classes[group]}"
            for group in groups[self.classes[groups] >= 0].tolist()
        ]
        known = "".join(f", {each}" for each in labelled)
        return (
            f"images {pairs} may not be linked{known}: that takes more than "
            f"n_clusters={n_clusters} clusters."
        )


def supervise(y, must_link, cannot_link, n_samples, n_clusters=None, firsts=None):
    """Draw the conclusions of what a user knows of samples.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or None
        Clusters, -1 where they are not known. Without a -1 it is ignored: then it is the classes
        that a search scores by.
    must_link, cannot_link : array-like of shape (n_pairs, 2) or None
        Positions of samples that are in the same cluster, and in different ones.
    n_samples : int
    n_clusters : int, default=None
        None if it is not known yet.
    firsts : ndarray of shape (n_samples,), int64, default=None
        Which sample each is a copy of, or its own position.

    Returns
    -------
    supervision : Supervision or None
        None if nothing is known.

    Raises
    ------
    ValueError
        If something is no label or no pair, or if no clusters respect all of it.
    """
    given = check_given(y, must_link, cannot_link, n_samples)
    return None if given is None else Supervision.of(given, n_clusters, firsts)


def _together_and_apart(links, one, other):
    if one == other:
        return f"cannot_link holds the pair ({one}, {one}): an image is in one cluster."
    return f"images {one} and {other} may not be linked, but {links.why_together(one, other)}."
