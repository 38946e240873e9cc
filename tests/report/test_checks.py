from dataclasses import replace

import numpy as np

from skdeepcluster.duplicates import Duplicates
from skdeepcluster.report._checks import far_out, images_to_check, neighbor_agreements

from .test_choice import assessed


def test_agreement_is_the_share_of_neighbours_in_the_same_cluster():
    angles = np.concatenate([np.linspace(0, 0.1, 25), np.linspace(1.5, 1.6, 25)])
    features = np.column_stack([np.cos(angles), np.sin(angles)]).astype(np.float32)
    labels = np.repeat([0, 1], 25)
    np.testing.assert_array_equal(neighbor_agreements(features, labels), 1)
    # One that is among others, and two of its neighbours with it.
    labels[[0, 1, 2]] = 1
    np.testing.assert_allclose(neighbor_agreements(features, labels)[[0, 1, 2]], 2 / 20)
    assert np.isnan(neighbor_agreements(features[:1], labels[:1])).all()


def test_the_doubtful_and_the_outliers_are_listed_in_turn():
    n_samples = 100
    certainty = np.full(n_samples, 0.97)
    certainty[[7, 30]] = 0.6, 0.7
    scores = np.linspace(0.2, 0.4, n_samples)
    scores[[50, 51]] = 2.0, 1.9
    found = assessed(
        np.zeros(n_samples, int), np.column_stack([certainty, 1 - certainty]), scores, scores
    )
    agreements = np.ones(n_samples)
    agreements[12] = 0.05
    found = replace(found, agreements=agreements)
    sound = np.full(n_samples, "")
    listed = images_to_check(found, sound)
    assert listed[:5].tolist() == [12, 50, 7, 51, 30]
    # As many doubtful ones as the probabilities say that there are, and two outliers.
    assert len(listed) == len(set(listed.tolist())) == np.ceil((1 - certainty).sum()) + 2
    assert 1.9 > far_out(scores) > 0.4
    # In turn with them images with a flaw, and copies that are not the ones to keep.
    flaws = sound.astype("<U8")
    flaws[[60, 61]] = "dark", "blurred"
    groups = np.arange(n_samples)
    groups[[71, 81]] = groups[[70, 80]]
    copies = Duplicates(np.unique(groups, return_inverse=True)[1], groups == np.arange(n_samples))
    found.labels[80] = 1
    listed = images_to_check(found, flaws, copies)
    # That of an image in another cluster comes first.
    assert listed[:8].tolist() == [12, 50, 60, 81, 7, 51, 61, 71]
    assert len(set(listed.tolist())) == len(listed)


def test_images_without_a_cluster_are_not_listed():
    certainty = np.array([0.6, np.nan, 0.7, np.nan])
    found = assessed(
        np.array([0, -1, 0, -1]), np.column_stack([certainty, 1 - certainty]), certainty, certainty
    )
    flaws = np.array(["", "dark", "dark", ""])
    assert set(images_to_check(found, flaws).tolist()) <= {0, 2}
    nothing = assessed(np.full(2, -1), np.full((2, 2), np.nan), np.full(2, np.nan), np.zeros(2))
    assert len(images_to_check(nothing, flaws[:2])) == 0 and np.isinf(
        far_out(nothing.outlier_scores)
    )
