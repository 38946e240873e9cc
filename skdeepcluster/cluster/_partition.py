"""What a fit found: clusters, how images are assigned to them, and what is known of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from sklearn.utils import gen_batches

from ..features import are_copies, stored_rows, with_gaps
from ..images import ImageSource
from ..latent import LatentHead, encode
from ..neighbors import calibrate_temperature, outlier_scores
from ..starts import CONSENSUS_LIMIT
from ..supervision import Supervision
from ._agreement import stability_of_groups, stability_of_images
from ._centers import cluster_means, respecting, settle_centers
from ._prototypes import Prototypes
from ._record import ImageRecord
from ._reference import Reference, evenly_drawn
from ._tree import ClusterTree, whitened_means

# Samples that are encoded together: 42 MB at 1280 features.
CHUNK_SIZE = 8192
# Of a state that is still trained, for callbacks.
_PROVISIONAL_TEMPERATURE = 0.1
# Small copies that are kept of images in memory: in all, and of a cluster.
_N_KEPT = 240
_N_KEPT_PER_CLUSTER = 8
# Images of the fit that others are compared with.
_MOST_LANDMARKS = 20_000


@dataclass(frozen=True, eq=False)
class Partition:
    """Clusters of images: all that was found, in one object that never changes.

    Editing makes another partition (:meth:`merged`, :meth:`renamed`).

    Parameters
    ----------
    head : LatentHead
        Maps features, or components of them, to latents.
    prototypes : Prototypes
        Points in the latent space by which a latent is assigned.
    temperature : float
        Of the softmax that makes probabilities of cosines.
    centers : ndarray of shape (n_clusters, n_components), float32
        Unit vectors in the latent space.
    feature_means : ndarray of shape (n_clusters, n_features), float32
        Mean of the unit features of each cluster.
    names : tuple of str or None
        Name of each cluster; None where none was given.
    labels : ndarray of shape (n_samples,), int64
        Of the images of the fit; -1 for one that could not be read.
    latents : ndarray of shape (n_samples, n_components), float32
    probabilities : ndarray of shape (n_samples, n_clusters), float32
    outlier_scores : ndarray of shape (n_samples,), float32
        NaN, as in the two arrays before, for an image that could not be read.
    images : ImageRecord
        What is remembered of the images themselves.
    reference : Reference or None
        What is remembered of their features; None in models of version 0.1.0.
    partitions : ndarray of shape (n_partitions, n_samples), int16, or None
        Those that the start is a consensus of, -1 for an image that could not be read, for one that
        came since, and for one that founded a cluster at that time; None if there were none, and
        in models of version 0.1.0.
    n_clustered : int or None
        Images that were clustered together: the first ones. The others came since, to clusters that
        there were, or that they founded. None if all were.
    sees_components : bool
        Whether the head maps what the reference remembers of features: components along the first
        axes, as many as the head takes.
    n_reviewed : int or None
        Images that there were when clusters were last merged; None if none were since the last
        clustering.
    n_known_before : int or None
        Images whose clusters were not new when all were clustered the last time (:attr:`n_known` of
        that time); None if that was the first time.
    """

    head: LatentHead
    prototypes: Prototypes
    temperature: float
    centers: np.ndarray
    feature_means: np.ndarray
    names: tuple[str | None, ...]
    labels: np.ndarray
    latents: np.ndarray
    probabilities: np.ndarray
    outlier_scores: np.ndarray
    images: ImageRecord
    reference: Reference | None = None
    partitions: np.ndarray | None = None
    n_clustered: int | None = None
    sees_components: bool = False
    n_reviewed: int | None = None
    n_known_before: int | None = None

    @classmethod
    def found(
        cls,
        head: LatentHead,
        centroids: np.ndarray,
        features: np.ndarray,
        neighbors: np.ndarray,
        partitions: np.ndarray | None,
        readable: np.ndarray,
        source: ImageSource | None,
        firsts: np.ndarray | None = None,
        supervision: Supervision | None = None,
    ) -> Partition:
        """Assign the samples that a head was trained on.

        Parameters
        ----------
        head : LatentHead
            Trained.
        centroids : ndarray of shape (n_clusters, n_components), float32
            Those of clusters that cannot be filled are dropped.
        features : ndarray of shape (n_readable, n_features), float32 or float16
        neighbors : ndarray of shape (n_readable, n_neighbors), int64
            Of the features, nearest first.
        partitions : ndarray of shape (n_partitions, n_readable), int, or None
            Other partitions, as good a priori, by which the probabilities are calibrated.
        readable : ndarray of shape (n_samples,), bool
            Which images the features are of.
        source : ImageSource or None
            The images.
        firsts : ndarray of shape (n_samples,), int64, default=None
            See :meth:`with_copies`.
        supervision : Supervision, default=None
            What is known of the images that the features are of.

        Raises
        ------
        ValueError
            If clusters cannot be as they are known to be.
        """
        latents = encode(head, features)
        is_known = None if supervision is None else supervision.is_known
        centers, labels = settle_centers(latents, centroids, is_known)
        if supervision is not None:
            latents, labels = respecting(supervision, latents, centers, len(centroids))
        n_clusters = len(centers)
        prototypes = Prototypes(centers)
        temperature = calibrate_temperature(latents @ centers.T, neighbors, partitions)
        partition = cls(
            head,
            prototypes,
            temperature,
            centers,
            cluster_means(features, labels, n_clusters),
            (None,) * n_clusters,
            labels,
            latents,
            prototypes.probabilities(latents, temperature),
            outlier_scores(features, neighbors),
            ImageRecord(),
            partitions=partitions,
        ).spread(readable)
        reference = Reference.of(features, readable)
        partition = replace(partition, reference=reference).with_copies(firsts)
        return replace(partition, images=ImageRecord.of(source, partition.kept))

    @classmethod
    def provisional(cls, head: LatentHead, centroids: np.ndarray) -> Partition:
        """Give what predicts with a head that is still trained; it knows no sample."""
        n_clusters, n_components = centroids.shape
        return cls(
            head,
            Prototypes(centroids),
            _PROVISIONAL_TEMPERATURE,
            centroids,
            np.zeros((n_clusters, len(head.mean)), dtype=np.float32),
            (None,) * n_clusters,
            np.zeros(0, dtype=np.int64),
            np.zeros((0, n_components), dtype=np.float32),
            np.zeros((0, n_clusters), dtype=np.float32),
            np.zeros(0, dtype=np.float32),
            ImageRecord(),
        )

    @property
    def known(self) -> Reference:
        """What is remembered of the features.

        Raises
        ------
        ValueError
            If there is nothing, as in models of version 0.1.0.
        """
        if self.reference is None:
            raise ValueError(
                "It is not known which images are like those of the fit; models that were saved "
                "by version 0.1.0 do not tell: fit again."
            )
        return self.reference

    @cached_property
    def tree(self) -> ClusterTree:
        """Which clusters are joined first, and how stable they are."""
        tree = ClusterTree.of(
            self.feature_means
            if self.reference is None
            else whitened_means(self.reference.rows, self.labels)
        )
        if self.partitions is None:
            return tree
        stability = stability_of_groups(self.partitions, self.labels, tree.members)
        return replace(tree, stability_=stability)

    @cached_property
    def stability(self) -> np.ndarray:
        """Share of the partitions that agree with each image's label, float32 of (n_samples,).

        Raises
        ------
        AttributeError
            If there are none.
        """
        if self.partitions is None:
            raise AttributeError(
                "There is no stability_: it is known of fits with init='consensus' and at most "
                f"{CONSENSUS_LIMIT} clusters, and not of models that version 0.1.0 has saved."
            )
        return stability_of_images(self.partitions, self.labels, self.n_clusters)

    @cached_property
    def landmarks(self) -> np.ndarray:
        """Images of the fit that others are compared with, int64 of shape (n_landmarks,)."""
        return evenly_drawn(self.labels, _MOST_LANDMARKS)

    @cached_property
    def landmark_distances(self) -> np.ndarray:
        """How unlike the others each of them is, float32 of shape (n_landmarks,)."""
        return self.known.distances_of(self.landmarks)

    @property
    def n_known(self) -> int:
        """Images whose clusters are not new: those that were clustered, or seen by an editor."""
        n_images = len(self.labels)
        return max(self.n_clustered or n_images, self.n_reviewed or 0)

    @property
    def n_known_before_that(self) -> int:
        """Images whose clusters were not new before the last clustering, or seen by an editor."""
        return max(self.n_known_before or self.n_known, self.n_reviewed or 0)

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return len(self.centers)

    @property
    def cluster_names(self) -> list[str]:
        """Name of each cluster; "cluster 0" and so on where none was given."""
        return [
            f"cluster {cluster}" if name is None else name
            for cluster, name in enumerate(self.names)
        ]

    @property
    def sizes(self) -> np.ndarray:
        """Images in each cluster, int64 of shape (n_clusters,)."""
        return np.bincount(self.labels[self.labels >= 0], minlength=self.n_clusters)

    def encode(self, features: np.ndarray) -> np.ndarray:
        """Map features, (n, n_features), to latents, (n, n_components); NaN stays NaN."""
        if self.sees_components:
            return self.encode_components(self.known.components(features))
        return self._encode(features)

    def encode_components(self, components: np.ndarray) -> np.ndarray:
        """Map components of features, (n, n_axes), to latents, of a head that sees these."""
        return self._encode(components[:, : len(self.head.mean)])

    def _encode(self, inputs):
        readable = ~np.isnan(inputs).any(axis=1)
        return with_gaps(encode(self.head, inputs[readable]), readable, np.nan)

    def assign(self, latents: np.ndarray) -> np.ndarray:
        """Cluster of each latent, int64 of shape (n,); -1 for NaN."""
        readable = ~np.isnan(latents[:, 0])
        labels = self.prototypes.similarities(latents[readable]).argmax(axis=1)
        return with_gaps(labels.astype(np.int64), readable, -1)

    def assign_features(self, features: np.ndarray) -> np.ndarray:
        """Cluster of each row of features, int64 of shape (n,), a chunk at a time."""
        chunks = gen_batches(len(features), CHUNK_SIZE)
        return np.concatenate(
            [self.assign(self.encode(stored_rows(features, rows))) for rows in chunks]
        )

    def distances_of(self, features: np.ndarray) -> np.ndarray:
        """Mean cosine distance of images to the five most like them, float32 of shape (n,)."""
        return self.known.distances(self.known.components(features), self.landmarks)

    def is_rejected(self, features: np.ndarray, share: float) -> np.ndarray:
        """Tell which images are unlike all of the fit.

        Parameters
        ----------
        features : ndarray of shape (n, n_features)
        share : float in [0, 1]
            Of the images of the fit, so many would be rejected, each compared with the others.

        Returns
        -------
        is_rejected : ndarray of shape (n,), bool
        """
        return self.distances_of(features) > np.quantile(self.landmark_distances, 1 - share)

    def probabilities_of(self, latents: np.ndarray) -> np.ndarray:
        """Probability of each cluster, float32 of shape (n, n_clusters); NaN for NaN."""
        return self.prototypes.probabilities(latents, self.temperature)

    def similarities_of(self, latents: np.ndarray) -> np.ndarray:
        """Cosine of each latent to the nearest prototype, that of its cluster, (n,)."""
        return self.prototypes.similarities(latents).max(axis=1)

    def representatives(self, n_images: int) -> list[np.ndarray]:
        """Positions of each cluster's images nearest to its centre, nearest first, copies last."""
        nearness = self.similarities_of(self.latents)
        order = np.lexsort((-nearness, are_copies(self.latents), self.labels))
        order = order[self.labels[order] >= 0]
        return [members[:n_images] for members in np.split(order, self.sizes.cumsum()[:-1])]

    def spread(self, readable: np.ndarray) -> Partition:
        """Give the partition of more images, of which these are the readable ones.

        Parameters
        ----------
        readable : ndarray of shape (n_samples,), bool
        """
        return replace(
            self,
            labels=with_gaps(self.labels, readable, -1),
            latents=with_gaps(self.latents, readable, np.nan),
            probabilities=with_gaps(self.probabilities, readable, np.nan),
            outlier_scores=with_gaps(self.outlier_scores, readable, np.nan),
            partitions=None if self.partitions is None else _with_gaps(self.partitions, readable),
        )

    def kept(self) -> list[np.ndarray]:
        """Positions of images that a small copy is kept of, if they are no files."""
        # Of all clusters: merging may make small ones part of the largest.
        n_kept = min(_N_KEPT_PER_CLUSTER, max(1, _N_KEPT // self.n_clusters))
        return self.representatives(n_kept)

    def with_copies(self, firsts: np.ndarray | None) -> Partition:
        """Give the partition in which images are treated like others that they are equal to.

        Parameters
        ----------
        firsts : ndarray of shape (n_samples,), int64, or None
            Which image each is equal to, or its own position; None if none is to another.
        """
        if firsts is None:
            return self
        return replace(
            self,
            labels=self.labels[firsts],
            latents=self.latents[firsts],
            probabilities=self.probabilities[firsts],
            outlier_scores=self.outlier_scores[firsts],
            reference=self.reference and self.reference.taken(firsts),
            partitions=None if self.partitions is None else self.partitions[:, firsts],
        )

    def judged_by(self, partitions: np.ndarray | None) -> Partition:
        """Give the partition whose stability is the agreement with others of the same images.

        An image that they do not know has none, and no image has if they know none.
        """
        if partitions is not None:
            partitions = np.where(self.labels >= 0, partitions, -1).astype(partitions.dtype)
            if (partitions < 0).all():
                partitions = None
        return replace(self, partitions=partitions)

    def with_images(self, features: np.ndarray, source: ImageSource | None) -> Partition:
        """Give the partition that holds more images, in the clusters that there are.

        Parameters
        ----------
        features : ndarray of shape (n, n_features), float32 or float16
            NaN for an image that could not be read.
        source : ImageSource or None
            The images.
        """
        latents = self.encode(features)
        known = self.known.reaching(features)
        components = known.components(features)
        labels = np.concatenate([self.labels, self.assign(latents)])
        scores = known.outlier_scores(components, self.landmarks)
        partition = replace(
            self,
            labels=labels,
            latents=np.concatenate([self.latents, latents]),
            probabilities=np.concatenate([self.probabilities, self.probabilities_of(latents)]),
            outlier_scores=np.concatenate([self.outlier_scores, scores]),
            reference=known.with_rows(components),
            partitions=None
            if self.partitions is None
            else np.pad(self.partitions, ((0, 0), (0, len(features))), constant_values=-1),
            n_clustered=self.n_clustered or len(self.labels),
        ).with_labels(labels)
        record = self.images.with_images(source, len(self.labels), partition.kept)
        return replace(partition, images=record)

    def with_labels(self, labels: np.ndarray) -> Partition:
        """Give the partition with other labels of its images, and the means that they have then."""
        means = self.known.means(labels, self.n_clusters) @ self.known.axes.T
        return replace(self, labels=labels, feature_means=means)

    def calibrated(self, temperature: float) -> Partition:
        """Give the partition with another temperature, and the probabilities by it."""
        probabilities = self.prototypes.probabilities(self.latents, temperature)
        return replace(self, temperature=temperature, probabilities=probabilities)

    def renamed(self, names: dict[int, str | None]) -> Partition:
        """Give the partition with other names of the clusters that are listed."""
        return replace(
            self,
            names=tuple(names.get(cluster, name) for cluster, name in enumerate(self.names)),
        )

    def merged(self, new_labels: np.ndarray) -> Partition:
        """Give the partition in which clusters of the same new label are one.

        Parameters
        ----------
        new_labels : ndarray of shape (n_clusters,), int64
            From 0 without a gap.
        """
        sizes = self.sizes
        groups = [np.flatnonzero(new_labels == label) for label in range(new_labels.max() + 1)]
        feature_means = [
            np.average(self.feature_means[group], axis=0, weights=sizes[group]) for group in groups
        ]
        given = [[self.names[old] or "" for old in group if self.names[old]] for group in groups]
        labels = np.where(self.labels >= 0, new_labels[self.labels], -1)
        centers = [
            self.centers[group[0]] if len(group) == 1 else _mean_latent(self.latents[labels == new])
            for new, group in enumerate(groups)
        ]
        prototypes = self.prototypes.merged(new_labels)
        return replace(
            self,
            prototypes=prototypes,
            centers=np.stack(centers),
            feature_means=np.stack(feature_means).astype(np.float32),
            names=tuple(" / ".join(names) or None for names in given),
            labels=labels,
            probabilities=prototypes.probabilities(self.latents, self.temperature),
            # Of one cluster for each, only the numbers are new.
            n_reviewed=self.n_reviewed if len(groups) == self.n_clusters else len(labels),
        )


def _with_gaps(partitions, readable):
    all_images = np.full((len(partitions), len(readable)), -1, dtype=np.int16)
    all_images[:, readable] = partitions
    return all_images


def _mean_latent(latents):
    mean = latents.mean(axis=0)
    return mean / max(float(np.linalg.norm(mean)), 1e-12)
