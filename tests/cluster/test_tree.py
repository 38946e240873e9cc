from operator import attrgetter

import numpy as np
import pytest
from PIL import Image
from scipy.cluster.hierarchy import dendrogram, is_monotonic, is_valid_linkage
from sklearn.cluster import AgglomerativeClustering
from sklearn.datasets import make_blobs

from skdeepcluster import DeepImageClusterer
from skdeepcluster.cluster._agreement import stability_of_groups, stability_of_images
from skdeepcluster.cluster._tree import ClusterTree, whitened_means
from skdeepcluster.metrics import clustering_accuracy


@pytest.fixture(scope="module")
def two_levels():
    """Twelve blobs, three each around four points that are far from one another."""
    rng = np.random.default_rng(0)
    above = 10 * np.eye(4, 16)
    centers = above.repeat(3, axis=0) + rng.normal(scale=1.5, size=(12, 16))
    X, y = make_blobs(600, centers=centers, cluster_std=0.4, random_state=0)
    est = DeepImageClusterer(12, n_views=0, n_neighbors=10, max_iter=3, random_state=0)
    return X.astype(np.float32), y, est.fit(X.astype(np.float32))


def test_the_tree_has_the_levels_of_the_data(two_levels):
    X, y, est = two_levels
    assert clustering_accuracy(y, est.labels_) > 0.99
    coarse = est.cut(4)
    assert clustering_accuracy(y // 3, coarse.labels_) > 0.99
    assert (coarse.n_clusters_, est.n_clusters_) == (4, 12)
    np.testing.assert_array_equal(coarse.predict(X), coarse.labels_)
    np.testing.assert_array_equal(coarse.labels_, est.cut(12).reduce_clusters(4).labels_)
    # Joins within the four are much nearer than those of the four.
    assert est.tree_.distances_[7] < 0.5 * est.tree_.distances_[8]
    # How sure each of the twelve is depends a little on the rounding of the processor.
    assert (est.tree_.stability_[12:] > 0.95).all() and (est.tree_.stability_ > 0.9).all()


def test_the_tree_is_one_of_scipy_and_scikit_learn(two_levels):
    tree = two_levels[2].tree_
    assert tree.n_leaves_ == 12 and tree.stability_.shape == (23,)
    assert is_valid_linkage(tree.linkage()) and is_monotonic(tree.linkage())
    assert len(dendrogram(tree.linkage(), no_plot=True)["leaves"]) == 12
    rng = np.random.default_rng(0)
    means = rng.normal(size=(9, 5))
    centered = means - means.mean(axis=0)
    reference = AgglomerativeClustering(
        None, metric="cosine", linkage="average", distance_threshold=0
    ).fit(centered)
    tree = ClusterTree.of(means.astype(np.float32))
    np.testing.assert_array_equal(np.sort(tree.children_), np.sort(reference.children_))
    np.testing.assert_allclose(tree.distances_, reference.distances_, atol=1e-5)


def test_cuts_number_clusters_by_the_first_of_each():
    # 0 and 3, 2 and 4, then these two pairs, then 1.
    means = np.array([[1, 0.1, 0], [-5, 0, 0], [1, 0, 0.9], [1, 0, 0], [1, 0, 1]])
    tree = ClusterTree.of(means)
    assert [tree.cut(n).tolist() for n in (5, 3, 2, 1)] == [
        [0, 1, 2, 3, 4],
        [0, 1, 2, 0, 2],
        [0, 1, 0, 0, 0],
        [0, 0, 0, 0, 0],
    ]
    alone = ClusterTree.of(means[:1])
    assert alone.n_leaves_ == 1 and alone.cut(1).tolist() == [0] and alone.linkage().shape == (0, 4)


def test_clusters_with_the_same_means_are_joined_first():
    tree = ClusterTree.of(np.array([[1.0, 0], [0, 1], [1, 0], [0, 1]]))
    assert tree.cut(2).tolist() == [0, 1, 0, 1]
    assert np.isfinite(ClusterTree.of(np.ones((3, 2))).distances_).all()


def test_directions_in_which_images_of_a_cluster_differ_count_less():
    rng = np.random.default_rng(0)
    # Clusters 0 and 1, 2 and 3 are near in the first feature, which tells them well; in the second,
    # in which all images differ much, 0 and 2, 1 and 3 are.
    means = np.array([[5, 9], [6, -9], [-5, 9], [-6, -9]])
    labels = np.arange(-1, 4).repeat(500)
    rows = np.concatenate([np.full((1, 2), np.nan), means])[labels + 1]
    rows = rows + rng.normal(size=rows.shape) * [0.1, 20]
    found = whitened_means(rows.astype(np.float16), labels)
    assert ClusterTree.of(found).cut(2).tolist() == [0, 0, 1, 1]
    plain = np.stack([rows[labels == label].mean(axis=0) for label in range(4)])
    assert ClusterTree.of(plain).cut(2).tolist() == [0, 1, 0, 1]


LABELS = np.array([0, 0, 0, 0, 1, 1, 1, 1, -1, 2, 2])


def test_stability_of_images_is_the_share_of_partitions_that_agree():
    partitions = np.array(
        [
            # As the labels, with other numbers.
            [5, 5, 5, 5, 2, 2, 2, 2, -1, 0, 0],
            # One image of 0 is in the part of 1, and 2 is a part of that of 0.
            [0, 0, 0, 1, 1, 1, 1, 1, -1, 0, 0],
            # 0 is cut in two, each of which is still one of 0.
            [0, 0, 3, 3, 1, 1, 1, 1, -1, 2, 2],
            [0, 0, 0, 0, 1, 1, 1, 1, -1, 2, 1],
        ]
    )
    expected = [1, 1, 1, 0.75, 1, 1, 1, 1, np.nan, 0.75, 0.5]
    stability = stability_of_images(partitions, LABELS, 3)
    np.testing.assert_allclose(stability, expected)
    assert stability.dtype == np.float32


def test_stability_of_groups_is_a_jaccard_index():
    partitions = np.array([[5, 5, 5, 5, 2, 2, 2, 2, -1, 0, 0], [0, 0, 0, 1, 1, 1, 1, 1, -1, 0, 0]])
    members = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1]], dtype=bool)
    # In the second, part 0 has 3 images of cluster 0 and both of 2; part 1 has all of 1.
    expected = [(1 + 3 / 6) / 2, (1 + 4 / 5) / 2, (1 + 0) / 2, (1 + 5 / 6) / 2, 1]
    np.testing.assert_allclose(stability_of_groups(partitions, LABELS, members), expected)


def test_two_that_were_told_apart_by_chance_are_stable_as_one():
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(size=(200, 8)) * 0.3 + 4 * np.eye(8)[i] for i in range(2)])
    est = DeepImageClusterer(3, n_views=0, n_neighbors=10, max_iter=3, random_state=0).fit(X)
    tree = est.tree_
    joined = tree.children_[0]
    assert tree.stability_[joined].max() < 0.9 < tree.stability_[3]
    split = np.isin(est.labels_, joined)
    assert est.stability_[split].mean() < 0.9 < est.stability_[~split].mean()


def test_levels_after_merging_saving_and_skipping(two_levels, tmp_path):
    _, _, est = two_levels
    merged = est.cut(12).merge_clusters([0, 1])
    assert merged.tree_.n_leaves_ == 11 and merged.tree_.stability_.shape == (21,)
    assert merged.stability_.shape == (600,)
    merged.save(tmp_path / "model")
    loaded = DeepImageClusterer.load(tmp_path / "model")
    for name in ("children_", "distances_", "stability_"):
        np.testing.assert_array_equal(getattr(loaded.tree_, name), getattr(merged.tree_, name))
    np.testing.assert_array_equal(loaded.stability_, merged.stability_)


def test_copies_and_unread_images(two_levels, photos, tmp_path):
    X = two_levels[0][:120]
    est = DeepImageClusterer(4, n_views=0, max_iter=2, random_state=0).fit(np.concatenate([X, X]))
    np.testing.assert_array_equal(est.stability_[:120], est.stability_[120:])
    (tmp_path / "broken.png").write_bytes(b"")
    images = [tmp_path / "broken.png"]
    for name, photo in photos.items():
        Image.fromarray(photo).save(tmp_path / f"{name}.png")
        images.append(tmp_path / f"{name}.png")
    est = DeepImageClusterer(2, image_size=64, n_views=0, on_error="skip", random_state=0)
    with pytest.warns(UserWarning):
        est.fit(images)
    assert np.isnan(est.stability_[0]) and (est.stability_[1:] > 0).all()
    assert est.tree_.stability_.shape == (3,)


@pytest.mark.parametrize("init", ["kmeans", "random", "given"])
def test_without_partitions_there_are_levels_and_no_stability(two_levels, init, tmp_path):
    X, y, _ = two_levels
    est = DeepImageClusterer(12, n_views=0, max_iter=1, random_state=0)
    est.set_params(init=y if init == "given" else init).fit(X)
    assert est.tree_.stability_ is None and est.tree_.children_.shape == (est.n_clusters_ - 1, 2)
    with pytest.raises(AttributeError, match="init='consensus'"):
        attrgetter("stability_")(est)
    assert not hasattr(est, "stability_")
    assert est.cluster_info()["stability"].isna().all()
    est.save(tmp_path / "model")
    assert DeepImageClusterer.load(tmp_path / "model").tree_.stability_ is None


def test_the_table_has_the_mean_stability_of_each_cluster(two_levels):
    est = two_levels[2]
    expected = [est.stability_[est.labels_ == label].mean() for label in range(12)]
    np.testing.assert_allclose(est.cluster_info()["stability"], expected, rtol=1e-5)
