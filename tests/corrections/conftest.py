"""Blobs that are clustered, and what each sample is called."""

from typing import NamedTuple

import numpy as np
import pytest
from sklearn.datasets import make_blobs

from skdeepcluster import DeepImageClusterer
from skdeepcluster.cluster import partition_of

# Ten directions: as unit vectors, the blobs are as far apart as points on a sphere.
_SPREAD = 0.3


class Clustered(NamedTuple):
    est: DeepImageClusterer
    X: np.ndarray
    names: list
    labels: np.ndarray

    def of(self, label):
        """Positions of a cluster's samples, the most typical first."""
        return partition_of(self.est).representatives(len(self.X))[label].tolist()


@pytest.fixture(scope="session")
def clustered():
    centers = np.eye(4, 10) * 4
    X, y = make_blobs([40, 30, 20, 10], centers=centers, cluster_std=_SPREAD, random_state=0)
    est = DeepImageClusterer(4, max_iter=4, n_neighbors=8, batch_size=32, init=y, random_state=0)
    est.fit(X.astype(np.float32))
    np.testing.assert_array_equal(est.labels_, y)
    est.set_cluster_names({0: "zero", 1: "one"})
    names = [f"photos/{number:03}.jpg" for number in range(len(X))]
    return Clustered(est, X.astype(np.float32), names, y)
