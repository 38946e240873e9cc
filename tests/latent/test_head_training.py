import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from skdeepcluster.latent import (
    LOSS_WEIGHTS,
    LatentHead,
    Objective,
    TrainingData,
    TrainingSettings,
    encode,
    pedcc,
    train_head,
)
from skdeepcluster.latent._head_training import HeadInputs
from skdeepcluster.latent._trainer import LatentTrainer
from skdeepcluster.neighbors import nearest_neighbors, neighborhood_information, sample_neighbors

X, Y = load_digits(n_class=4, return_X_y=True)
X, Y = X[:400].astype(np.float32), Y[:400].astype(np.int64)
NEIGHBORS = nearest_neighbors(X, 10)
CENTROIDS = pedcc(4, 20, random_state=0)


def make_head():
    torch.manual_seed(0)
    return LatentHead.for_features(X, 20)


def labels_of(head):
    return (encode(head, X) @ CENTROIDS.numpy().T).argmax(axis=1)


def score_of(head):
    return neighborhood_information(labels_of(head), NEIGHBORS, 4)


def train(head, start=Y, on_epoch=None, loss_weights=None, **settings):
    """Train a head on digits; return the records of its epochs."""
    records = []

    def record_epoch(record):
        records.append(record)
        return False if on_epoch is None else on_epoch(record)

    train_head(
        head,
        TrainingData(X, NEIGHBORS, sample_neighbors(NEIGHBORS), start),
        Objective(CENTROIDS, torch.full((4,), 0.25), {**LOSS_WEIGHTS, **(loss_weights or {})}),
        TrainingSettings(
            **{"max_epochs": 6, "patience": 100, "batch_size": 128, "learning_rate": 1e-3}
            | settings
        ),
        generator=torch.Generator().manual_seed(0),
        random_state=np.random.RandomState(0),
        on_epoch=record_epoch,
    )
    return records


def test_a_start_is_reproduced():
    head = make_head()
    assert train(head, max_epochs=0) == []
    assert score_of(head) >= neighborhood_information(Y, NEIGHBORS, 4) - 1e-9
    assert (labels_of(head) == Y).mean() > 0.99


def test_losses_fall_and_the_best_state_is_kept():
    head = make_head()
    records = train(head)
    started = make_head()
    train(started, max_epochs=0)
    assert records[-1]["loss"] < records[0]["loss"]
    assert set(LOSS_WEIGHTS) < set(records[0])
    occupied = [record["score"] for record in records if record["n_occupied"] == 4]
    assert score_of(head) == pytest.approx(max([score_of(started), *occupied]))


def test_the_augmented_view_is_not_the_sample_itself():
    """The loss of two views is only that of noise: 0 if both were the sample itself."""
    records = train(make_head(), max_epochs=1)
    assert records[0]["augmentation"] > 1e-3
    # Neighbours differ more than a sample does from itself with noise.
    assert records[0]["neighbor"] > records[0]["augmentation"]


def test_a_view_is_the_standardised_row_with_noise_where_a_feature_varies():
    head = make_head()
    inputs = HeadInputs(head, X, torch.Generator().manual_seed(0))
    rows = torch.arange(len(X))
    plain, view = inputs(rows, False), inputs(rows, True)
    np.testing.assert_array_equal(plain, head.standardize(torch.from_numpy(X)))
    varies = X.std(axis=0) > 0
    assert 0 < varies.mean() < 1
    noise = (view - plain).numpy()
    np.testing.assert_array_equal(noise[:, ~varies], 0)
    assert noise[:, varies].std() == pytest.approx(0.3, rel=0.02)
    assert noise[:, varies].mean() == pytest.approx(0, abs=0.01)


def test_callback_and_patience_stop():
    assert len(train(make_head(), on_epoch=lambda record: True)) == 1
    # Nothing to learn: no state is better than the first.
    nothing = dict.fromkeys(LOSS_WEIGHTS, 0.0)
    assert len(train(make_head(), loss_weights=nothing, max_epochs=10, patience=2)) == 2


def test_from_a_random_head_the_nearest_centroid_term_joins_half_way():
    """The first half is the same without that term, the second is not."""
    weights = {"nearest_centroid": 5.0}, {"nearest_centroid": 0.0}
    with_it, without = ([*train(make_head(), None, loss_weights=w)] for w in weights)
    assert [record["mmd"] for record in with_it[:3]] == [record["mmd"] for record in without[:3]]
    assert with_it[4]["mmd"] != without[4]["mmd"]


def test_an_empty_cluster_comes_back():
    head = make_head()
    records = train(head, start=np.minimum(Y, 2), max_epochs=3)
    assert records[-1]["n_occupied"] == 4
    assert len(set(labels_of(head))) == 4


def test_features_in_any_unit_are_the_same():
    for factor in (2.0**-100, 2.0**100):
        torch.manual_seed(0)
        head = LatentHead.for_features(X * np.float32(factor), 20)
        np.testing.assert_array_equal(encode(head, X * np.float32(factor)), encode(make_head(), X))


def test_small_steps_have_one_thread_and_callbacks_have_all(two_threads, monkeypatch):
    in_steps, in_callbacks = [], []

    def watch(name):
        method = getattr(LatentTrainer, name)

        def watched(self, *args):
            in_steps.append((name, torch.get_num_threads()))
            return method(self, *args)

        monkeypatch.setattr(LatentTrainer, name, watched)

    for name in ("fit_labels", "move", "run_epoch"):
        watch(name)
    train(
        make_head(),
        # A cluster is empty.
        start=np.minimum(Y, 2),
        max_epochs=1,
        on_epoch=lambda record: in_callbacks.append(torch.get_num_threads()),
    )
    assert in_steps == [("fit_labels", 1), ("move", 1), ("run_epoch", 1)]
    assert in_callbacks == [2]
