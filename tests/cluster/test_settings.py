import numpy as np
import pytest
from sklearn.datasets import load_digits

from skdeepcluster.cluster import _settings
from skdeepcluster.cluster._settings import start_labels
from skdeepcluster.latent import kmeans_start, nearest_neighbors


@pytest.mark.parametrize(("most", "is_kmeans"), [(4, True), (5, False)])
def test_too_many_clusters_for_a_consensus_start_from_kmeans(monkeypatch, most, is_kmeans):
    monkeypatch.setattr(_settings, "CONSENSUS_LIMIT", most)
    X = load_digits(n_class=5).data[:300].astype(np.float32)
    graph = nearest_neighbors(X, 10)
    labels, partitions = start_labels(
        "consensus", X, 5, graph, "estimated", np.random.RandomState(0)
    )
    assert (partitions is None) == is_kmeans
    alike = np.array_equal(labels, kmeans_start(X, 5, graph, np.random.RandomState(0)))
    assert alike == is_kmeans
