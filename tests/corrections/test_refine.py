import numpy as np
import pytest

from skdeepcluster import DeepImageClusterer
from skdeepcluster.cluster import partition_of
from skdeepcluster.cluster._agreement import stability_of_images
from skdeepcluster.corrections import Corrections, refine, wanted_of


def refined(clustered, **corrections):
    given = Corrections(**corrections)
    return refine(clustered.est, given, clustered.X, names=clustered.names)


def test_names_and_merged_clusters_are_changed_without_a_fit(clustered, monkeypatch):
    monkeypatch.setattr(DeepImageClusterer, "fit", lambda *_, **__: pytest.fail("fitted"))
    before = clustered.est.labels_.copy()
    found = refined(clustered, names={0: "mine"}, merged=[[3, 1]])
    # Cluster 3, which 1 is part of now, has the number that is free.
    np.testing.assert_array_equal(found.labels_, np.array([0, 1, 2, 1])[clustered.labels])
    assert found.cluster_names_ == ["mine", "one", "cluster 2"]
    np.testing.assert_array_equal(found.predict(clustered.X), found.labels_)
    # The estimator is as it was.
    np.testing.assert_array_equal(clustered.est.labels_, before)
    assert clustered.est.cluster_names_ == ["zero", "one", "cluster 2", "cluster 3"]


def test_what_is_corrected_holds_and_the_rest_stays(clustered):
    names = clustered.names
    # As users do: those that are the least typical.
    zero, one, two, three = (clustered.of(label)[::-1] for label in range(4))
    corrections = Corrections(
        names={4: "new"},
        moved={names[zero[0]]: 1, names[one[0]]: 1, **{names[image]: 4 for image in two[:6]}},
        not_in={names[zero[1]]: [0], names[one[1]]: [1, 0]},
        together=[[names[zero[2]], names[three[0]]], [names[one[2]], names[one[3]]]],
    )
    found = refine(clustered.est, corrections, clustered.X, names=names)
    wanted = wanted_of(clustered.est, corrections, clustered.X, names=names)
    labels, is_certain = found.labels_, wanted.certain >= 0
    np.testing.assert_array_equal(labels[is_certain], wanted.certain[is_certain])
    assert labels[zero[1]] != 0 and labels[one[1]] not in (0, 1)
    assert labels[zero[2]] == labels[three[0]] and labels[one[2]] == labels[one[3]]
    assert found.cluster_names_ == ["zero", "one", "cluster 2", "cluster 3", "new"]
    # Those that nothing was said of.
    others = [*zero[4:], *one[4:], *two[6:], *three[1:]]
    # Some follow those that are corrected: between a twentieth and a sixth with most seeds.
    assert (labels[others] == clustered.labels[others]).mean() > 0.8
    # The parameters are those of before, but for the number.
    assert found.n_clusters == 5 and found.init is clustered.est.init


def test_parts_of_a_split_cluster_are_learned(clustered):
    found = refined(clustered, split={0: 2})
    assert found.n_clusters_ == 5 and found.cluster_names_[0] == "zero"
    assert set(found.labels_[clustered.labels == 0]) == {0, 4}
    others = clustered.labels != 0
    np.testing.assert_array_equal(found.labels_[others], clustered.labels[others])


def test_stability_is_agreement_with_the_partitions_of_before(clustered, tmp_path):
    est = DeepImageClusterer(4, n_neighbors=5, max_iter=3, random_state=0).fit(clustered.X)
    names = clustered.names
    moved = {names[image]: 1 for image in np.flatnonzero(est.labels_ == 0)[:3]}
    for corrections in (Corrections(moved=moved), Corrections(split={0: 2})):
        found = refine(est, corrections, clustered.X, names=names)
        partitions = partition_of(est).partitions
        expected = stability_of_images(partitions, found.labels_, found.n_clusters_)
        np.testing.assert_array_equal(found.stability_, expected)
        assert len(found.tree_.stability_) == 2 * found.n_clusters_ - 1
        found.save(tmp_path / "model")
        loaded = DeepImageClusterer.load(tmp_path / "model")
        np.testing.assert_array_equal(loaded.stability_, expected)
    # Those that were moved are where no partition has them.
    found = refine(est, Corrections(moved=moved), clustered.X, names=names)
    at = [names.index(name) for name in moved]
    assert found.stability_[at].max() < est.stability_[at].min()
    # Where there were none, there are none.
    with pytest.raises(AttributeError, match="no stability_"):
        _ = refined(clustered, split={0: 2}).stability_


def test_an_image_that_partitions_lack_has_no_stability(clustered):
    est = DeepImageClusterer(4, n_neighbors=5, max_iter=1, random_state=0).fit(clustered.X)
    partition = partition_of(est)
    partitions = partition.partitions.copy()
    partitions[:, 0] = -1
    stability = partition.judged_by(partitions).stability
    assert np.isnan(stability[0])
    np.testing.assert_array_equal(stability[1:], partition.stability[1:])
    assert partition.judged_by(np.full_like(partitions, -1)).partitions is None
    assert partition.judged_by(None).partitions is None


def test_all_images_may_be_certain(clustered):
    labels = clustered.labels.copy()
    labels[clustered.of(0)[-5:]] = 1
    moved = dict(zip(clustered.names, labels.tolist(), strict=True))
    np.testing.assert_array_equal(refined(clustered, moved=moved).labels_, labels)


def test_images_have_to_be_at_hand(clustered):
    with pytest.raises(ValueError, match="The images are not at hand: pass X"):
        refine(clustered.est, Corrections(split={0: 2}))
    with pytest.raises(ValueError, match="names, what the images are called"):
        refine(clustered.est, Corrections(split={0: 2}), clustered.X)
    with pytest.raises(ValueError, match="not at hand"):
        refine(clustered.est, Corrections(), clustered.X, names=clustered.names[1:])
