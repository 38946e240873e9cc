"""Prototypes, the fixed points that latents are assigned to, and the clusters they form."""

import numpy as np
from scipy.special import softmax

from ..features import row_chunks


class Prototypes:
    """Points in the latent space, each of one cluster; training makes one a cluster.

    A latent belongs to the cluster of its nearest prototype, so merged clusters hold exactly
    what they held before.

    Parameters
    ----------
    points : ndarray of shape (n_prototypes, n_components), float32
        Unit vectors.
    clusters : ndarray of shape (n_prototypes,), int64
        Cluster of each, ascending, from 0 without a gap.
    """

    def __init__(self, points, clusters=None):
        self.points = points
        self.clusters = np.arange(len(points)) if clusters is None else clusters

    @property
    def _firsts(self):
        return np.flatnonzero(np.diff(self.clusters, prepend=-1))

    def similarities(self, latents):
        """Cosine to the nearest prototype of each cluster, of shape (n_samples, n_clusters)."""
        return np.maximum.reduceat(latents @ self.points.T, self._firsts, axis=1)

    def probabilities(self, latents, temperature):
        """Softmax of the similarities."""
        probabilities = np.empty((len(latents), self.clusters[-1] + 1), dtype=np.float32)
        for chunk in row_chunks(len(latents)):
            scaled = self.similarities(latents[chunk]) / temperature
            probabilities[chunk] = softmax(scaled, axis=1)
        return probabilities

    def merged(self, new_labels):
        """Return the prototypes of clusters that are renamed by ``new_labels``."""
        clusters = new_labels[self.clusters]
        order = np.argsort(clusters, kind="stable")
        return Prototypes(self.points[order], clusters[order])
