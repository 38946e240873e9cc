import numpy as np
import pytest
import torch
from scipy.special import softmax
from sklearn.exceptions import NotFittedError

from skdeepcluster import DeepImageClusterer
from skdeepcluster.cluster import Partition, partition_of
from skdeepcluster.images import as_image_source
from skdeepcluster.latent import LatentHead, encode, pedcc
from skdeepcluster.neighbors import nearest_neighbors, outlier_scores

N_CLUSTERS, N_COMPONENTS = 3, 6
CENTROIDS = pedcc(N_CLUSTERS, N_COMPONENTS, random_state=0).numpy()


def make_partition(readable=None, source=None):
    """Features in three groups, a head that nobody trained."""
    rng = np.random.default_rng(0)
    features = np.repeat(rng.normal(size=(N_CLUSTERS, 5)), 10, axis=0)
    features = (features + 0.1 * rng.normal(size=features.shape)).astype(np.float32)
    torch.manual_seed(0)
    head = LatentHead.for_features(features, N_COMPONENTS, np.random.RandomState(0))
    readable = np.ones(30, dtype=bool) if readable is None else readable
    neighbors = nearest_neighbors(features[readable], 4)
    found = Partition.found(head, CENTROIDS, features[readable], neighbors, None, readable, source)
    return found, features


def test_what_is_found_is_what_it_says_of_the_same_features():
    partition, features = make_partition()
    latents = partition.encode(features)
    np.testing.assert_array_equal(latents, encode(partition.head, features))
    np.testing.assert_array_equal(latents, partition.latents)
    np.testing.assert_array_equal(partition.assign(latents), partition.labels)
    np.testing.assert_array_equal(partition.assign_features(features), partition.labels)
    cosines = latents @ partition.centers.T
    np.testing.assert_array_equal(partition.labels, cosines.argmax(axis=1))
    np.testing.assert_allclose(partition.similarities_of(latents), cosines.max(axis=1), atol=1e-6)
    expected = softmax(cosines / partition.temperature, axis=1)
    np.testing.assert_allclose(partition.probabilities, expected, atol=1e-5)
    np.testing.assert_array_equal(partition.probabilities_of(latents), partition.probabilities)
    scores = outlier_scores(features, nearest_neighbors(features, 4))
    np.testing.assert_array_equal(partition.outlier_scores, scores)
    assert partition.sizes.sum() == 30


def test_mean_features_are_those_of_the_members():
    partition, features = make_partition()
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    for label, mean in enumerate(partition.feature_means):
        np.testing.assert_allclose(mean, unit[partition.labels == label].mean(axis=0), atol=1e-6)


def test_representatives_are_the_nearest_to_their_centre():
    partition, _ = make_partition()
    for label, typical in enumerate(partition.representatives(3)):
        members = np.flatnonzero(partition.labels == label)
        cosines = partition.latents[members] @ partition.centers[label]
        np.testing.assert_array_equal(typical, members[np.argsort(-cosines)][:3])


def test_images_that_cannot_be_read_are_gaps():
    readable = np.arange(30) % 7 > 0
    partition, features = make_partition(readable)
    np.testing.assert_array_equal(partition.labels >= 0, readable)
    for values in (partition.latents, partition.probabilities, partition.outlier_scores):
        gaps = np.isnan(values) if values.ndim == 1 else np.isnan(values).all(axis=1)
        np.testing.assert_array_equal(gaps, ~readable)
    assert partition.sizes.sum() == readable.sum()
    assert not set(np.concatenate(partition.representatives(30))) & set(np.flatnonzero(~readable))
    features[3] = np.nan
    np.testing.assert_array_equal(
        np.isnan(partition.encode(features)).all(axis=1), features[:, 0] != features[:, 0]
    )
    assert partition.assign_features(features)[3] == -1


def test_editing_leaves_the_partition_as_it_is():
    partition, features = make_partition()
    before = partition.labels.copy(), partition.names
    named = partition.renamed({0: "a", 2: "c"})
    merged = named.merged(np.array([0, 1, 0]))
    np.testing.assert_array_equal(partition.labels, before[0])
    assert (partition.names, named.names) == (before[1], ("a", None, "c"))
    assert (merged.names, merged.n_clusters) == (("a / c", None), 2)
    assert merged.cluster_names == ["a / c", "cluster 1"]
    np.testing.assert_array_equal(merged.labels, np.array([0, 1, 0])[partition.labels])
    np.testing.assert_array_equal(merged.assign_features(features), merged.labels)
    assert merged.probabilities.shape == (30, 2)
    weights = partition.sizes[[0, 2]]
    expected = np.average(partition.feature_means[[0, 2]], axis=0, weights=weights)
    np.testing.assert_allclose(merged.feature_means[0], expected, atol=1e-6)
    mean = partition.latents[merged.labels == 0].mean(axis=0)
    np.testing.assert_allclose(merged.centers[0], mean / np.linalg.norm(mean), atol=1e-6)


def test_small_copies_are_kept_of_images_that_are_no_files(photo_folder):
    images = np.random.default_rng(0).integers(0, 255, (30, 20, 20, 3), dtype=np.uint8)
    partition, _ = make_partition(source=as_image_source(images))
    expected = {int(i) for typical in partition.representatives(8) for i in typical}
    assert set(partition.images.thumbnails) == expected
    assert partition.images.paths is None
    assert partition.images.name(4) == "image 4"
    paths = sorted(photo_folder.iterdir())[:30]
    partition, _ = make_partition(source=as_image_source(paths))
    assert partition.images.thumbnails == {}
    assert partition.images.paths == [str(path) for path in paths]
    assert partition.images.name(4) == str(paths[4])


def test_a_provisional_one_predicts_and_knows_no_sample():
    partition, features = make_partition()
    provisional = Partition.provisional(partition.head, CENTROIDS)
    cosines = provisional.encode(features) @ CENTROIDS.T
    np.testing.assert_array_equal(provisional.assign_features(features), cosines.argmax(axis=1))
    assert len(provisional.labels) == 0
    np.testing.assert_array_equal(provisional.sizes, [0, 0, 0])


def test_there_is_none_before_fit():
    est = DeepImageClusterer()
    with pytest.raises(NotFittedError):
        partition_of(est)
    for name in ("labels_", "n_clusters_", "cluster_centers_", "embedding_", "cluster_names_"):
        assert not hasattr(est, name)
    with pytest.raises(NotFittedError, match="call fit before 'labels_'"):
        _ = est.labels_


def test_what_was_found_cannot_be_set():
    est = DeepImageClusterer()
    est._partition = make_partition()[0]
    assert len(est.labels_) == 30
    with pytest.raises(AttributeError, match=r"labels_ cannot be set.*merge_clusters"):
        est.labels_ = np.zeros(30)
