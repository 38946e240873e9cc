import numpy as np
import pytest
from sklearn.datasets import load_digits

from skdeepcluster.cluster import _settings
from skdeepcluster.cluster._settings import start_labels
from skdeepcluster.neighbors import nearest_neighbors
from skdeepcluster.starts import power_method_start


@pytest.mark.parametrize(("most", "is_power_method"), [(4, True), (5, False)])
def test_too_many_clusters_for_a_consensus_start_in_another_way(monkeypatch, most, is_power_method):
    monkeypatch.setattr(_settings, "CONSENSUS_LIMIT", most)
    X = load_digits(n_class=5).data[:300].astype(np.float32)
    graph = nearest_neighbors(X, 10)
    labels, partitions = start_labels(
        "consensus", X, 5, graph, "estimated", np.random.RandomState(0)
    )
    assert (partitions is None) == is_power_method
    alike = np.array_equal(labels, power_method_start(X, 5, graph, np.random.RandomState(0)))
    assert alike == is_power_method
