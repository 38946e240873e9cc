import numpy as np
import pytest
from sklearn.cluster import AgglomerativeClustering

from skdeepcluster.cluster._merging import merging, nearest_merging


def test_merging_numbers_in_the_order_of_the_first():
    np.testing.assert_array_equal(merging([[0, 3], [1, 4]], 6), [0, 1, 2, 0, 1, 3])
    np.testing.assert_array_equal(merging([4, 2], 5), [0, 1, 2, 3, 2])
    np.testing.assert_array_equal(merging([], 3), [0, 1, 2])
    for groups, message in (([[0, 7]], "no cluster 7"), ([[0, 1], [1, 2]], "named twice")):
        with pytest.raises(ValueError, match=message):
            merging(groups, 4)


def test_the_most_alike_are_merged():
    means = np.array([[1, 0, 0], [0, 1, 0], [1, 0.1, 0], [0, 0, 1], [0, 0.1, 1]])
    sizes = np.full(5, 10)
    np.testing.assert_array_equal(nearest_merging(means, sizes, 3), [0, 1, 0, 2, 2])
    np.testing.assert_array_equal(nearest_merging(means, sizes, 1), [0] * 5)


@pytest.mark.parametrize("n_clusters", range(1, 9))
def test_merging_is_wards_clustering_of_the_samples(n_clusters):
    rng = np.random.default_rng(n_clusters)
    means, sizes = rng.normal(size=(9, 4)), rng.integers(1, 30, size=9)
    # Samples that lie at the means of their clusters: Ward joins those first, at no cost.
    ward = AgglomerativeClustering(n_clusters).fit_predict(means.repeat(sizes, axis=0))
    expected = ward[sizes.cumsum() - 1]
    merged = nearest_merging(means, sizes, n_clusters)
    np.testing.assert_array_equal(merged[:, None] == merged, expected[:, None] == expected)
    np.testing.assert_array_equal(np.unique(merged, return_index=True)[0], range(n_clusters))
    assert (np.diff(np.unique(merged, return_index=True)[1]) > 0).all()
