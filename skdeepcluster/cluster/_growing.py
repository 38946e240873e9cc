"""A fitted estimator that takes more images in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from sklearn.utils import gen_batches
from sklearn.utils.validation import check_is_fitted

from ..neighbors import calibrate_temperature, nearest_neighbors
from ..storage import all_or_nothing
from ._growth import growth_table
from ._matching import matched_labels
from ._novelty import new_groups
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

    n_clusters: int | Literal["auto"]
    n_neighbors: int

    @all_or_nothing
    def update(self, X: Any, *, refit: bool | Literal["auto"] = "auto") -> pd.DataFrame:
        """Take in new images, or features.

        Each goes to the cluster that ``predict`` gives. New ones that are near to one another, and
        to hardly any of those that were there, become a cluster with a new label, and the head is
        taught to tell it from the others; all other images keep their labels.

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
        that are new; with "auto" their number is estimated again. What was known of single images
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
        founded = _founded(grown, before.n_clusters)
        is_due = np.count_nonzero(grown.labels >= 0) >= _GROWN * np.count_nonzero(
            grown.labels[: grown.n_clustered] >= 0
        )
        # Clusters stay what they were, unless all images are clustered anew.
        former = np.arange(before.n_clusters)
        is_wanted = is_due if refit == "auto" else refit
        if is_wanted:
            self._partition, former = self._clustered_anew(grown, before, int(founded.max()) + 1)
        elif founded.max() >= 0:
            self._partition = self._taught(grown, before, founded)
        else:
            self._partition = grown
        return growth_table(before, self._partition, former)

    def _clustered_anew(self, grown, before, n_clusters):
        """Cluster all images, as if there had been no clusters; these give numbers and names.

        Also returned is the cluster that each was, -1 if none.
        """
        readable = grown.labels >= 0
        changed = {}
        if self.n_clusters != "auto":
            changed["n_clusters"] = max(n_clusters, before.n_clusters)
        rows = np.flatnonzero(readable)
        fitted, found = fit_remembered(self, grown.known, rows, **changed)
        for name in _OF_FIT:
            if hasattr(fitted, name):
                setattr(self, name, getattr(fitted, name))
        found = replace(found.spread(readable), images=grown.images)
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

    def _taught(self, grown, before, founded):
        """Train a head that tells new clusters from the others, whose images keep their labels."""
        known_labels = np.where(founded >= 0, founded, grown.labels)
        # Images that came now, and did not found a cluster, follow as far as they are alike.
        is_open = (founded < 0) & (np.arange(len(founded)) >= len(before.labels))
        rows = evenly_drawn(known_labels, _MOST_TRAINED)
        n_clusters = int(founded.max()) + 1
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
        labels = np.where(is_open, assigned, known_labels)
        # As in a fit that is given labels, these are what holds.
        lies_elsewhere = labels != assigned
        latents[lies_elsewhere] = found.centers[labels[lies_elsewhere]]
        temperature = _temperature(grown, found, latents, self.n_neighbors)
        return replace(
            grown,
            head=found.head,
            sees_components=True,
            prototypes=found.prototypes,
            temperature=temperature,
            centers=found.centers,
            names=(*before.names, *(None,) * (n_clusters - before.n_clusters)),
            latents=latents,
            probabilities=found.prototypes.probabilities(latents, temperature),
        ).with_labels(labels)


def _temperature(grown, found, latents, n_neighbors):
    """Calibrate a head that was taught labels by the images of the last clustering, as it was."""
    if grown.partitions is None:
        return found.temperature
    judged = grown.landmarks[grown.partitions[0, grown.landmarks] >= 0]
    neighbors = nearest_neighbors(grown.known.rows[judged], n_neighbors)
    similarities = found.prototypes.similarities(latents[judged])
    return calibrate_temperature(similarities, neighbors, grown.partitions[:, judged])


def _founded(grown: Partition, n_clusters: int) -> np.ndarray:
    """Labels of new clusters for the images that found them, -1 for all others."""
    labels = grown.labels
    is_first = np.arange(len(labels)) < grown.n_known
    # Clusters that were founded since the last clustering are known as well as the others.
    is_known = (labels >= 0) & (is_first | ~np.isin(labels, labels[is_first]))
    new = np.flatnonzero((labels >= 0) & ~is_known)
    groups = new_groups(grown.known.rows[is_known], grown.known.rows[new])
    founded = np.full(len(labels), -1)
    founded[new] = np.where(groups >= 0, groups + n_clusters, -1)
    return founded
