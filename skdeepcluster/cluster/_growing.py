"""A fitted estimator that takes more images in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from sklearn.utils import gen_batches
from sklearn.utils.validation import check_is_fitted

from ..neighbors import calibrate_temperature, nearest_neighbors
from ..storage import all_or_nothing
from ._growth import growth_table
from ._matching import matched_labels
from ._novelty import are_new, new_groups
from ._partition import CHUNK_SIZE, Partition
from ._predicting import ClusterPrediction, features_of, source_of
from ._reference import evenly_drawn
from ._remembered import fit_remembered

if TYPE_CHECKING:
    import pandas as pd

# Images are clustered anew when there are so many times as many as at the last time: what all of
# these clusterings cost together is at most about twice the last of them.
_GROWN = 2
# Images that a head is trained on when there are new clusters.
_MOST_TRAINED = 2_000
# What a fit tells of itself, besides its partition.
_OF_FIT = ("history_", "n_iter_", "start_score_", "n_clusters_criterion_")


class ClusterGrowth(ClusterPrediction):
    """Methods of a fitted estimator by which clusters live on with more images."""

    init: Any
    n_clusters: int | Literal["auto"]
    min_clusters: int
    max_clusters: int
    n_neighbors: int

    @all_or_nothing
    def update(self, X: Any, *, refit: bool | Literal["auto"] = "auto") -> pd.DataFrame:
        """Take in new images, or features.

        Each goes to the cluster that ``predict`` gives. New ones that are near to one another, and
        to hardly any of those that were there, become a cluster with a new label, and the head is
        taught to tell it from the others; all other images keep their labels. Of a kind that was
        too rare when all images were clustered the last time, images of that time may be as well.

        When there are twice as many images as at the last clustering, all are clustered anew: what
        was learned of few is not the best for many. Clusters keep their labels by the best
        matching, and their names if most of their images are still in them; images may move. This
        takes no image that was there before, but what the estimator remembers of its features: the
        principal components that ``score_samples`` compares. ``labels_`` and all that is
        known of images goes on with the new ones, in the order in which they came.

        Parameters
        ----------
        X : images or array-like of shape (n_samples, n_features)
            Those that are new.
        refit : {"auto", True, False}, default="auto"
            Whether all images are clustered anew now; "auto" does so when their number has doubled.
            With False labels that were given stay for good, except of images that came after the
            last clustering and belong to a cluster that is new now.

        Returns
        -------
        table : pandas.DataFrame
            What became of the clusters, a row each: "name"; "state", which is "kept" (with the same
            images), "grown", "changed" (images left it), "new", or, in rows at the end whose label
            is -1, "gone"; "former", the label that it had, -1 if none; "size"; "added", how many of
            its images are new, "joined" and "left", how many came from other clusters and went to
            others; "drift", the cosine distance that the mean of its features has moved;
            "merge_with", the cluster that it may be one with, and "split", whether it may be two
            (see Notes).

        Raises
        ------
        ValueError
            If an image is a file that the estimator knows already, or if it was saved by version
            0.1.0.

        Notes
        -----
        With a number for ``n_clusters``, as many clusters are found anew as there are, and those
        that are new; with "auto" the number of the former is estimated again, so that all are at
        most ``max_clusters``, but never below ``min_clusters``. What was known of single images
        (``y``, ``must_link``, ``cannot_link``) and merged clusters do not bind a new clustering:
        ``refit=False`` leaves such clusters as they are, and images that there were when clusters
        were merged found no new one. Nor are random views of the images looked at: a ``fit`` on all
        images, and then ``align_to``, finds somewhat better clusters.

        Of the images that keep their labels, ``predict`` may put a few elsewhere when the head was
        taught new clusters; ``probabilities_`` and ``embedding_`` hold to the label.

        Two clusters may be one if their nearest neighbours are about as mixed as those of the two
        halves of most clusters are; a cluster may be two if those of its halves are about as little
        mixed as those of most pairs of near clusters. There are no such candidates where clusters
        are about as mixed as halves of them.

        Examples
        --------
        >>> from sklearn.datasets import load_digits
        >>> from skdeepcluster import DeepImageClusterer
        >>> X, y = load_digits(n_class=4, return_X_y=True)
        >>> est = DeepImageClusterer(n_clusters=3, random_state=0).fit(X[y < 3])
        >>> table = est.update(X[y == 3])
        >>> table.loc[3, "state"]
        'new'
        """
        check_is_fitted(self)
        if refit not in (True, False, "auto"):
            raise ValueError(f"refit must be True, False or 'auto', got {refit!r}.")
        before = self._partition
        source = source_of(self, X)
        # What cannot be is refused before images are embedded.
        _ = before.known
        before.images.check_new(source)
        grown = before.with_images(features_of(self, X), source)
        # Kinds that were too few to be found before the last clustering, and are more by now, are
        # looked for as well, where that may move images of that clustering.
        n_known = [grown.n_known] if refit is False else [grown.n_known, grown.n_known_before_that]
        labels = _with_new_kinds(grown, n_known, len(before.labels))
        is_founder = labels >= grown.n_clusters
        is_due = np.count_nonzero(grown.labels >= 0) >= _GROWN * np.count_nonzero(
            grown.labels[: grown.n_clustered] >= 0
        )
        # Clusters stay what they were, unless all images are clustered anew.
        former = np.arange(before.n_clusters)
        if is_due if refit == "auto" else refit:
            grown, former = self._clustered_anew(grown, before, labels)
        elif is_founder.any():
            may_join = ~is_founder & (np.arange(len(labels)) >= grown.n_known)
            grown = self._taught(grown, labels, may_join)
        self._partition = grown
        return growth_table(before, self._partition, former)

    def _clustered_anew(self, grown, before, labels):
        """Cluster all images, as if there had been no clusters; these give numbers and names.

        Images with labels beyond those of the clusters have founded new ones. They would be lost
        among all where they are few: the others are clustered without them, and the head is trained
        on all. Also returned is the cluster that each was, -1 if none.
        """
        is_readable, is_founder = grown.labels >= 0, labels >= grown.n_clusters
        changed = {} if self.n_clusters == "auto" else {"n_clusters": before.n_clusters}
        has_start = not (isinstance(self.init, str) and self.init == "random")
        if is_founder.any() and has_start:
            # Nothing else is wanted of the first fit.
            changed["max_iter"] = 1
        if self.n_clusters == "auto":
            n_new = max(int(labels.max()) + 1 - grown.n_clusters, 0)
            changed["max_clusters"] = max(self.max_clusters - n_new, self.min_clusters)
        found = self._fitted_anew(grown, is_readable & ~is_founder, **changed)
        if is_founder.any():
            shifted = labels - grown.n_clusters + found.n_clusters
            start = np.where(is_founder, shifted, found.labels)
            changed = {"init": start[is_readable], "n_clusters": int(start.max()) + 1}
            partitions = found.partitions
            found = replace(self._fitted_anew(grown, is_readable, **changed), partitions=partitions)
            found = found.calibrated(_temperature(found, found, found.latents, self.n_neighbors))
        found = replace(found, images=grown.images, n_known_before=grown.n_known)
        new_labels, origins = matched_labels(found.labels, before.labels, found.n_clusters)
        found = found.merged(new_labels)
        names = {}
        for new, old in zip(new_labels.tolist(), origins.tolist(), strict=True):
            if old >= 0:
                members = before.labels == old
                stayed = found.labels[: len(members)][members] == new
                names[new] = before.names[old] if stayed.mean() > 0.5 else None
        former = origins[np.argsort(new_labels)]
        return found.renamed(names).with_labels(found.labels), former

    def _fitted_anew(self, grown, is_clustered, **changed):
        """Fit some of the images, and keep what the fit tells of itself."""
        rows = np.flatnonzero(is_clustered)
        fitted, found = fit_remembered(self, grown.known, rows, **changed)
        for name in _OF_FIT:
            if hasattr(fitted, name):
                setattr(self, name, getattr(fitted, name))
        return found.spread(is_clustered)

    def _taught(self, grown, known_labels, may_join):
        """Train a head that tells new clusters from the others, whose images keep their labels."""
        rows = evenly_drawn(known_labels, _MOST_TRAINED)
        n_clusters = int(known_labels.max()) + 1
        start = {"init": known_labels[rows], "n_clusters": n_clusters}
        # Not as `y`: bound to these labels, it told late kinds of Imagenette apart less well.
        _, found = fit_remembered(self, grown.known, rows, **start)
        if found.n_clusters < n_clusters:
            # The head cannot tell them apart; there will be more images.
            return grown
        latents = np.concatenate(
            [
                found.encode_components(grown.known.rows[chunk])
                for chunk in gen_batches(len(known_labels), CHUNK_SIZE)
            ]
        )
        assigned = found.assign(latents)
        joins = may_join & (assigned >= grown.n_clusters)
        labels = np.where(joins, assigned, known_labels)
        # As in a fit that is given labels, these are what holds.
        lies_elsewhere = labels != assigned
        latents[lies_elsewhere] = found.centers[labels[lies_elsewhere]]
        taught = replace(
            grown,
            head=found.head,
            sees_components=True,
            prototypes=found.prototypes,
            centers=found.centers,
            names=(*grown.names, *(None,) * (n_clusters - grown.n_clusters)),
            latents=latents,
        )
        return taught.calibrated(_temperature(grown, found, latents, self.n_neighbors)).with_labels(
            labels
        )


def _temperature(grown, found, latents, n_neighbors):
    """Calibrate a head that was taught labels by the images of the last clustering, as it was."""
    if grown.partitions is None:
        return found.temperature
    judged = grown.landmarks[grown.partitions[0, grown.landmarks] >= 0]
    neighbors = nearest_neighbors(grown.known.rows[judged], n_neighbors)
    similarities = found.prototypes.similarities(latents[judged])
    return calibrate_temperature(similarities, neighbors, grown.partitions[:, judged])


def _with_new_kinds(grown: Partition, n_known: Sequence[int], n_before: int) -> np.ndarray:
    """Labels in which images of kinds that are new have clusters of their own.

    They are new beside the first images, of which so many are known, one number after the other;
    ``n_before`` images were there before those that come now.
    """
    labels = grown.labels
    for n_first in dict.fromkeys(n_known):
        # What founds a cluster beside the most is known beside fewer.
        is_new = are_new(grown.labels, n_first, grown.n_known, n_before) & (labels == grown.labels)
        groups = new_groups(grown.known.rows, labels, is_new)
        labels = np.where(groups >= 0, groups + labels.max() + 1, labels)
    return labels
