import copy
from dataclasses import replace

import numpy as np
import pytest

from skdeepcluster.corrections import Corrections, result_digest, wanted_of


def wanted(clustered, **corrections):
    return wanted_of(clustered.est, Corrections(**corrections), clustered.X, names=clustered.names)


def test_nothing_is_wanted_of_no_corrections(clustered):
    found = wanted(clustered)
    np.testing.assert_array_equal(found.labels, clustered.labels)
    assert (found.certain == -1).all() and not found.needs_fit and not found.renumbered
    assert found.must_link == found.cannot_link == []
    assert found.names == ["zero", "one", None, None]


def test_names(clustered):
    found = wanted(clustered, names={0: None, 2: "two"})
    assert found.names == [None, "one", "two", None] and not found.needs_fit


def test_merged_clusters_keep_the_first_label_and_only_the_highest_change(clustered):
    found = wanted(clustered, merged=[[2, 1]])
    expected = np.array([0, 1, 1, 3])[clustered.labels]
    # Cluster 3 gets the label that is free, and 2 keeps its own.
    np.testing.assert_array_equal(found.labels, np.array([0, 2, 2, 1])[clustered.labels])
    assert found.renumbered == {3: 1}
    assert len(np.unique(expected)) == len(found.names) == 3
    # The name of the first, or, since it has none, of the other.
    assert found.names == ["zero", None, "one"]
    assert not found.needs_fit
    assert wanted(clustered, merged=[[0, 1]]).names[0] == "zero"
    assert wanted(clustered, merged=[[2, 1]], names={2: "both"}).names[2] == "both"
    assert wanted(clustered, merged=[[0, 1]], names={1: "both"}).names[0] == "both"


def test_moved_images_are_certain(clustered):
    one, other = clustered.of(0)[:2]
    moved = {clustered.names[one]: 3, clustered.names[other]: 0}
    found = wanted(clustered, moved=moved)
    assert found.needs_fit
    assert (found.labels[one], found.certain[one]) == (3, 3)
    # One that was confirmed.
    assert (found.labels[other], found.certain[other]) == (0, 0)
    assert (found.certain >= 0).sum() == 2


def test_images_are_moved_to_what_a_cluster_is_part_of(clustered):
    image = clustered.of(0)[0]
    found = wanted(clustered, moved={clustered.names[image]: 2}, merged=[[1, 2]])
    assert found.labels[image] == found.certain[image] == 1


def test_new_clusters_come_last_and_have_no_gaps(clustered):
    moved = {clustered.names[image]: 6 for image in clustered.of(0)[:5]}
    moved[clustered.names[clustered.of(1)[0]]] = 4
    found = wanted(clustered, moved=moved, names={6: "new"})
    assert found.labels.max() == 5 and found.renumbered == {6: 5}
    assert found.names == ["zero", "one", None, None, None, "new"]
    assert (found.labels[clustered.of(0)[:5]] == 5).all()


def test_a_cluster_that_all_images_are_moved_out_of_is_gone(clustered):
    moved = {clustered.names[image]: 0 for image in clustered.of(1)}
    found = wanted(clustered, moved=moved)
    assert found.labels.max() == 2 and found.renumbered == {3: 1}
    assert found.names == ["zero", None, None]


def test_not_here_is_a_link_to_a_typical_image(clustered):
    image, typical = clustered.of(0)[3], clustered.of(0)[0]
    found = wanted(clustered, not_in={clustered.names[image]: [0]})
    second = np.argsort(clustered.est.probabilities_[image])[-2]
    assert found.labels[image] == second and found.certain[image] == -1
    assert found.cannot_link == [(image, typical)] and found.certain[typical] == 0


def test_images_that_are_not_here_cannot_speak_for_the_cluster(clustered):
    images = clustered.of(0)[:2]
    found = wanted(clustered, not_in={clustered.names[image]: [0] for image in images})
    third = clustered.of(0)[2]
    assert found.cannot_link == [(image, third) for image in images]


def test_not_here_in_parts_and_in_merged_clusters(clustered):
    image = clustered.of(0)[0]
    found = wanted(clustered, not_in={clustered.names[image]: [1]}, merged=[[0, 1]])
    assert found.labels[image] not in (0,)
    found = wanted(clustered, not_in={clustered.names[image]: [0]}, split={0: 2})
    assert {found.labels[anchor] for _, anchor in found.cannot_link} == {0, 4}


def test_images_that_belong_together_share_a_cluster(clustered):
    three = [clustered.of(0)[0], clustered.of(0)[1], clustered.of(1)[0]]
    names = [clustered.names[image] for image in three]
    found = wanted(clustered, together=[names[:2], names[1:]])
    assert len(set(found.labels[three])) == 1 and (found.certain == -1).all()
    linked = {frozenset(pair) for pair in found.must_link}
    assert linked == {frozenset({min(three), image}) for image in three if image != min(three)}
    # If one of them was moved, all are.
    found = wanted(clustered, together=[names], moved={names[0]: 3})
    assert (found.certain[three] == 3).all()
    # What one of them is not in, none is.
    found = wanted(clustered, together=[names], not_in={names[0]: [0, 1]})
    assert found.labels[three[0]] in (2, 3) and len(set(found.labels[three])) == 1


def test_images_of_one_cluster_that_belong_together_stay_there(clustered):
    # Together the parts of a merged cluster are more probable.
    probabilities = np.tile(np.float32([0.4, 0.2, 0.2, 0.2]), (len(clustered.X), 1))
    est = copy.deepcopy(clustered.est)
    est._partition = replace(est._partition, probabilities=probabilities)
    zero, names = clustered.of(0), clustered.names
    pair = [names[zero[0]], names[zero[1]]]
    corrections = {"merged": [[1, 2, 3]], "together": [pair], "not_in": {names[zero[2]]: [1]}}
    found = wanted(clustered._replace(est=est), **corrections)
    np.testing.assert_array_equal(found.labels, np.minimum(clustered.labels, 1))


def test_split_clusters(clustered):
    image = clustered.of(0)[0]
    found = wanted(clustered, split={0: 3}, moved={clustered.names[image]: 0})
    parts = found.labels[clustered.labels == 0]
    assert set(parts) == {0, 4, 5} and found.needs_fit
    sizes = np.bincount(parts)
    assert sizes[0] == sizes.max()
    assert found.names == ["zero", "one", None, None, None, None]
    assert found.certain[image] == found.labels[image]
    # The part takes the number that is free, and no cluster that is known by one.
    found = wanted(clustered, split={0: 2}, merged=[[1, 2]])
    assert set(found.labels) == {0, 1, 2, 3} and found.renumbered == {}


def test_wanted_labels_respect_all_that_is_wanted(clustered):
    """Many corrections at once, as of an hour at the page."""
    rng = np.random.default_rng(0)
    drawn = rng.permutation(len(clustered.X))
    names = clustered.names
    found = wanted(
        clustered,
        names={2: "two"},
        merged=[[0, 2]],
        split={1: 2},
        moved={names[i]: int(rng.integers(6)) for i in drawn[:10]},
        not_in={names[i]: [int(clustered.labels[i])] for i in drawn[10:30]},
        together=[[names[i], names[j]] for i, j in drawn[30:50].reshape(-1, 2)],
    )
    labels, is_certain = found.labels, found.certain >= 0
    assert np.array_equal(np.unique(labels), np.arange(labels.max() + 1))
    assert len(found.names) == labels.max() + 1
    np.testing.assert_array_equal(labels[is_certain], found.certain[is_certain])
    assert all(labels[one] == labels[other] for one, other in found.must_link)
    assert all(labels[one] != labels[other] for one, other in found.cannot_link)


@pytest.mark.parametrize(
    ("corrections", "problem"),
    [
        ({"names": {4: "x"}}, r"name cluster 4 \(names\), and the result has the clusters 0 to 3"),
        ({"merged": [[0, 4]]}, r"name cluster 4 \(merged\)"),
        ({"merged": [[0, 1], [1, 2]]}, "merge cluster 1 twice"),
        ({"split": {4: 2}}, r"name cluster 4 \(split\)"),
        ({"split": {3: 11}}, "Cluster 3 cannot be split into 11: it has 10 images"),
        ({"moved": {"photos/000.jpg": 5}}, "new clusters are called 4 and so on"),
        ({"moved": {"other.jpg": 0}}, r"name 'other\.jpg', which is none of the images"),
        ({"not_in": {"other.jpg": [0]}}, r"name 'other\.jpg'"),
        ({"together": [["other.jpg", "photos/000.jpg"]]}, r"name 'other\.jpg'"),
        ({"not_in": {"photos/000.jpg": [0, 1, 2, 3]}}, r"'photos/000\.jpg' belongs to no cluster"),
        (
            {"moved": {"photos/000.jpg": 1}, "not_in": {"photos/000.jpg": [1]}},
            r"'photos/000\.jpg' was moved to cluster 1, and is not to be in it",
        ),
        (
            {
                "moved": {"photos/000.jpg": 1, "photos/001.jpg": 2},
                "together": [["photos/000.jpg", "photos/001.jpg"]],
            },
            r"'photos/000\.jpg' and 'photos/001\.jpg' belong together, and were moved to the "
            "clusters 1 and 2",
        ),
        ({"result": "0" * 32}, "of another result"),
    ],
)
def test_what_cannot_be_is_named(clustered, corrections, problem):
    with pytest.raises(ValueError, match=problem):
        wanted(clustered, **corrections)


def test_the_result_is_known_by_its_clusters_and_names(clustered):
    import copy

    partition = clustered.est._partition
    digest = result_digest(partition)
    assert wanted(clustered, result=digest).labels.shape == (100,)
    renamed = copy.copy(clustered.est).set_cluster_names({3: "three"})
    merged = copy.copy(clustered.est).merge_clusters([0, 1])
    assert len({digest, *(result_digest(each._partition) for each in (renamed, merged))}) == 3


def test_the_more_probable_half_is_settled_but_for_what_is_like_corrected_images(clustered):
    certainty = clustered.est.probabilities_.max(axis=1)
    settled = wanted(clustered).settled
    for label in range(4):
        members = np.flatnonzero(clustered.labels == label)
        is_settled = settled[members] == label
        assert is_settled.sum() == len(members) // 2
        assert certainty[members[is_settled]].min() >= certainty[members[~is_settled]].max()
    image = clustered.of(0)[0]
    found = wanted(clustered, moved={clustered.names[image]: 1})
    cosines = clustered.X @ clustered.X[image] / np.linalg.norm(clustered.X, axis=1)
    nearest = np.argsort(-cosines)[:5]
    assert (found.settled[nearest] == -1).all()
    np.testing.assert_array_equal(
        found.settled[clustered.labels == 2], settled[clustered.labels == 2]
    )
