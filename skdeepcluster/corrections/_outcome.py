"""What corrections ask for: labels, certain ones among them, and pairs of images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.cluster import KMeans

from ..cluster import Partition
from ._file import Corrections
from ._settled import settled_labels, unit_rows_of


@dataclass(frozen=True)
class Wanted:
    """The clustering that corrections ask for.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,), int64
        Present clusters as corrected, from 0 without a gap; -1 for images that cannot be read.
    certain : ndarray of shape (n_samples,), int64
        The same where the user has said it, and -1 elsewhere.
    settled : ndarray of shape (n_samples,), int64
        The same of images that hold clusters in their places: the more probable half of each, but
        for those that are most like an image that was corrected. -1 elsewhere.
    must_link, cannot_link : list of (int, int)
        Positions of images that belong, or do not belong, into one cluster.
    names : list of str or None
        Of the clusters.
    new : list of int
        Labels of clusters that the result does not have.
    renumbered : dict of int to int
        Clusters that have another label than in the result, or in the corrections, and that label.
    groups : list of list of int
        Clusters of the result that are one now.
    needs_fit : bool
        Whether there is more to it than clusters that are named and merged.
    """

    labels: np.ndarray
    certain: np.ndarray
    settled: np.ndarray
    must_link: list[tuple[int, int]]
    cannot_link: list[tuple[int, int]]
    names: list[str | None]
    new: list[int]
    renumbered: dict[int, int]
    groups: list[list[int]]
    needs_fit: bool


def wanted_clustering(
    corrections: Corrections, partition: Partition, images: Sequence[str]
) -> Wanted:
    """Find out what corrections of a partition ask for.

    Parameters
    ----------
    corrections : Corrections
    partition : Partition
    images : sequence of str
        What its images are called.

    Returns
    -------
    wanted : Wanted

    Raises
    ------
    ValueError
        If they name an image or a cluster that does not exist, or contradict one another.
    """
    return _Application(corrections, partition, images).wanted()


class _Application:
    """Corrections, applied to a partition step by step."""

    def __init__(self, corrections, partition, images):
        self.corrections = corrections
        self.partition = partition
        self.images = images
        self.positions: dict[str, list[int]] = {}
        for position, image in enumerate(images):
            self.positions.setdefault(image, []).append(position)
        self._check_labels()
        self.home = self._homes()
        self.labels = np.where(partition.labels >= 0, self.home[partition.labels], -1)
        self.certain = np.full(len(self.labels), -1)

    def wanted(self):
        given = self.corrections
        groups = self._groups()
        self._move(groups)
        barred = self._barred(groups)
        self._place(groups, barred)
        parts = self._split(groups)
        anchors, cannot_link = {}, []
        for position, labels in barred.items():
            for label in sorted({part for each in labels for part in parts.get(each, [each])}):
                if label not in anchors:
                    anchors[label] = self._anchor(label, barred)
                if anchors[label] is not None:
                    cannot_link.append((position, anchors[label]))
        placed = [*barred, *(position for group in groups for position in group)]
        settled = settled_labels(self.partition, self.labels, self.certain, placed)
        names = self._names()
        new_labels = self._numbers()
        kept = [old for old in range(len(new_labels)) if new_labels[old] >= 0]
        return Wanted(
            labels=np.where(self.labels >= 0, new_labels[self.labels], -1),
            certain=np.where(self.certain >= 0, new_labels[self.certain], -1),
            settled=np.where(settled >= 0, new_labels[settled], -1),
            must_link=[(group[0], other) for group in groups for other in group[1:]],
            cannot_link=cannot_link,
            names=[names[old] for old in sorted(kept, key=lambda old: new_labels[old])],
            new=[int(new_labels[old]) for old in kept if old >= self.partition.n_clusters],
            # Of parts nobody knows a number yet.
            renumbered={
                old: int(new_labels[old])
                for old in kept
                if new_labels[old] != old and old < len(self.home)
            },
            needs_fit=bool(given.split or given.moved or given.not_in or given.together),
            groups=[np.flatnonzero(self.home == label).tolist() for label in np.unique(self.home)],
        )

    def _check_labels(self):
        """Check that all clusters exist, or are those that images are moved to."""
        given, n_present = self.corrections, self.partition.n_clusters
        for image, label in given.moved.items():
            if label >= n_present + len(given.moved):
                raise ValueError(
                    f"The corrections move {image!r} to cluster {label}: new clusters "
                    f"are called {n_present} and so on."
                )
        known = {*range(n_present), *given.moved.values()}
        named = {
            "names": given.names,
            "merged": [label for group in given.merged for label in group],
            "split": given.split,
            "not_in": [label for labels in given.not_in.values() for label in labels],
        }
        for what, labels in named.items():
            for label in labels:
                if label not in known:
                    raise ValueError(
                        f"The corrections name cluster {label} ({what}), and the result has the "
                        f"clusters 0 to {n_present - 1}."
                    )
        merged = named["merged"]
        twin = next((label for label in merged if merged.count(label) > 1), None)
        if twin is not None:
            raise ValueError(f"The corrections merge cluster {twin} twice.")

    def _homes(self):
        highest = max(
            self.partition.n_clusters - 1,
            *self.corrections.moved.values(),
            -1,
        )
        home = np.arange(highest + 1)
        for group in self.corrections.merged:
            home[group] = group[0]
        return home

    def _at(self, image):
        """Positions of an image that can be in a cluster."""
        found = self.positions.get(image)
        if found is None:
            raise ValueError(f"The corrections name {image!r}, which is none of the images.")
        if self.partition.labels[found[0]] < 0:
            raise ValueError(f"The corrections name {image!r}, which could not be read.")
        return found

    def _groups(self):
        """List groups of images that belong together, those that share an image as one."""
        groups: list[list[int]] = []
        for images in self.corrections.together:
            group = [position for image in images for position in self._at(image)]
            touched = [other for other in groups if not set(other).isdisjoint(group)]
            groups = [other for other in groups if other not in touched]
            groups.append(sorted({*group, *(each for other in touched for each in other)}))
        return groups

    def _move(self, groups):
        for image, label in self.corrections.moved.items():
            self.certain[self._at(image)] = self.home[label]
        for group in groups:
            certain = [position for position in group if self.certain[position] >= 0]
            labels = {int(self.certain[position]) for position in certain}
            if len(labels) > 1:
                one, other = (
                    next(position for position in certain if self.certain[position] == label)
                    for label in sorted(labels)[:2]
                )
                raise ValueError(
                    f"The corrections contradict one another: {self.images[one]!r} and "
                    f"{self.images[other]!r} belong together, and were moved to the clusters "
                    f"{self.certain[one]} and {self.certain[other]}."
                )
            if labels:
                self.certain[group] = labels.pop()
        is_certain = self.certain >= 0
        self.labels[is_certain] = self.certain[is_certain]

    def _barred(self, groups):
        """Clusters that images must not be in, by position."""
        barred: dict[int, set[int]] = {}
        for image, labels in self.corrections.not_in.items():
            for position in self._at(image):
                barred.setdefault(position, set()).update(int(self.home[each]) for each in labels)
        for group in groups:
            together = set().union(*(barred.get(position, ()) for position in group))
            if together:
                barred.update({position: together for position in group})
        for position, labels in barred.items():
            if int(self.certain[position]) in labels:
                raise ValueError(
                    f"The corrections contradict one another: {self.images[position]!r} was moved "
                    f"to cluster {self.certain[position]}, and is not to be in it."
                )
        return {position: labels for position, labels in barred.items() if labels}

    def _place(self, groups, barred):
        """Give groups of several clusters one, and those that are barred from theirs another."""
        alone = sorted(set(barred).difference(*groups))
        for group in [*groups, *([position] for position in alone)]:
            if self.certain[group[0]] >= 0:
                continue
            labels = {int(label) for label in self.labels[group]}
            if len(labels) == 1 and labels.isdisjoint(barred.get(group[0], ())):
                # As the page shows it. Parts of a merged cluster add up, and may be likelier.
                continue
            likelihood = self._likelihoods(group)
            likelihood[sorted(barred.get(group[0], ()))] = -np.inf
            best = int(likelihood.argmax())
            if likelihood[best] == -np.inf:
                raise ValueError(
                    f"By the corrections, {self.images[group[0]]!r} belongs to no cluster: move "
                    "it to a new one."
                )
            self.labels[group] = best

    def _likelihoods(self, group):
        """Log-likelihood of each cluster that a group is in it; -inf for those that are gone."""
        probabilities = self.partition.probabilities[group]
        # Those that are part of another now add to it.
        of_home = np.zeros((len(group), len(self.home)))
        np.add.at(of_home.T, self.home[: probabilities.shape[1]], probabilities.T)
        present = np.zeros(len(self.home), dtype=bool)
        present[np.unique(self.labels[self.labels >= 0])] = True
        # A new cluster is less likely than any other, but possible.
        return np.where(present, np.log(np.maximum(of_home, 1e-30)).sum(axis=0), -np.inf)

    def _split(self, groups):
        """Split clusters; return the labels of the parts of each."""
        self.labels_before_split = self.labels.copy()
        rows = unit_rows_of(self.partition)
        n_labels = len(self.home)
        parts = {}
        for label, n_parts in sorted(self.corrections.split.items()):
            label = int(self.home[label])
            members = np.flatnonzero(self.labels == label)
            if len(np.unique(rows[members], axis=0)) < n_parts:
                raise ValueError(
                    f"Cluster {label} cannot be split into {n_parts}: it has {len(members)} "
                    "images, and too few that differ."
                )
            found = KMeans(n_parts, n_init=10, random_state=0).fit_predict(rows[members])
            # The largest part keeps the label.
            order = np.argsort(-np.bincount(found, minlength=n_parts), kind="stable")
            labels = np.empty(n_parts, dtype=np.int64)
            labels[order] = [label, *range(n_labels, n_labels + n_parts - 1)]
            self.labels[members] = labels[found]
            n_labels += n_parts - 1
            parts[label] = sorted(labels.tolist())
        for group in groups:
            self.labels[group] = np.bincount(self.labels[group]).argmax()
        is_certain = self.certain >= 0
        self.certain[is_certain] = self.labels[is_certain]
        return parts

    def _anchor(self, label, barred):
        """Most typical image of a cluster, which is certain to be in it from here on."""
        members = np.flatnonzero(self.labels == label)
        members = members[[position not in barred for position in members]]
        if not len(members):
            return None
        is_certain = self.certain[members] == label
        # One that was placed there by other corrections may be unlike the others.
        was_there = self.home[self.partition.labels[members]] == self.labels_before_split[members]
        typical = self.partition.similarities_of(self.partition.latents[members])
        anchor = members[np.lexsort((-typical, ~was_there, ~is_certain))[0]]
        self.certain[anchor] = label
        return int(anchor)

    def _names(self):
        """Name all labels, those of clusters that are gone as well."""
        given = dict(enumerate(self.partition.names))
        for group in self.corrections.merged:
            given[group[0]] = next((given.get(each) for each in group if given.get(each)), None)
        # One for the cluster that the others are part of now counts most.
        renamed = sorted(
            self.corrections.names.items(), key=lambda item: self.home[item[0]] == item[0]
        )
        given.update({int(self.home[label]): name for label, name in renamed})
        return {label: given.get(label) for label in range(int(self.labels.max()) + 1)}

    def _numbers(self):
        """Find new labels without a gap, the same where that is possible."""
        present = np.unique(self.labels[self.labels >= 0])
        new_labels = np.full(int(self.labels.max()) + 1, -1)
        stay = present[present < len(present)]
        new_labels[stay] = stay
        new_labels[present[present >= len(present)]] = np.setdiff1d(np.arange(len(present)), stay)
        return new_labels
