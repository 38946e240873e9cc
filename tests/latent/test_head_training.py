import contextlib

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
    _head_training,
    check_loss_weights,
    encode,
    pedcc,
    train_head,
)
from skdeepcluster.latent._trainer import LatentTrainer
from skdeepcluster.neighbors import nearest_neighbors, neighborhood_information

X, Y = load_digits(n_class=4, return_X_y=True)
X, Y = X[:400].astype(np.float32), Y[:400].astype(np.int64)
NEIGHBORS = nearest_neighbors(X, 10)
CENTROIDS = pedcc(4, 20, random_state=0)
NOTHING = dict.fromkeys(LOSS_WEIGHTS["assignments"], 0.0)


def make_head():
    torch.manual_seed(0)
    return LatentHead.for_features(X, 20, np.random.RandomState(0))


def labels_of(head):
    return (encode(head, X) @ CENTROIDS.numpy().T).argmax(axis=1)


def score_of(head):
    return neighborhood_information(labels_of(head), NEIGHBORS, 4)


def train(
    start=Y, on_epoch=None, loss_weights=None, agreement="assignments", views=None, **settings
):
    """Train a head on digits; return it and the records of its epochs."""
    records = []

    def record_epoch(record, current_head):
        records.append(record)
        return False if on_epoch is None else on_epoch(record, current_head)

    weights = check_loss_weights(loss_weights, agreement)
    head = train_head(
        make_head(),
        TrainingData(X, views, NEIGHBORS, NEIGHBORS, start),
        Objective(CENTROIDS, torch.full((4,), 0.25), weights, agreement),
        TrainingSettings(**{"max_epochs": 6, "batch_size": 128, "learning_rate": 1e-3} | settings),
        generator=torch.Generator().manual_seed(0),
        random_state=np.random.RandomState(0),
        on_epoch=record_epoch,
    )
    return head, records


def test_a_start_is_reproduced():
    head, records = train(max_epochs=0)
    assert records == []
    assert (labels_of(head) == Y).mean() > 0.98
    assert set(labels_of(head)) == set(Y)


def test_a_start_that_views_contradict_is_reproduced_as_far_as_that_goes():
    """Of a start that is random in part, which features do not tell, nine tenths are learned."""
    start = Y.copy()
    wrong = np.random.default_rng(0).choice(400, 60, replace=False)
    start[wrong] = (start[wrong] + 1) % 4
    head, _ = train(start, max_epochs=0)
    assert 0.9 <= (labels_of(head) == start).mean() < 1


def test_the_smallest_cluster_of_a_start_is_learned_and_the_others_stay():
    """Two samples amid a large cluster, which the first passes leave to that."""
    start = np.minimum(Y, 2)
    start[np.flatnonzero(Y == 0)[[3, 4]]] = 3
    head, _ = train(start, max_epochs=0)
    labels = labels_of(head)
    assert set(labels) == {0, 1, 2, 3}
    assert (labels == start).mean() > 0.95


@pytest.mark.parametrize("agreement", ["assignments", "latents"])
def test_losses_fall_and_are_those_with_a_weight(agreement):
    _, records = train(agreement=agreement)
    assert records[-1]["loss"] < records[0]["loss"]
    weights = {name: weight for name, weight in LOSS_WEIGHTS[agreement].items() if weight}
    # Nothing is known of any sample.
    del weights["supervision"]
    others = {"loss", "learning_rate", "label_change", "n_occupied", "score"}
    for record in records:
        assert set(record) == {*weights, *others}
        weighted = sum(weight * record[name] for name, weight in weights.items())
        assert record["loss"] == pytest.approx(weighted, rel=1e-5)


def test_the_last_state_is_the_result_whatever_the_scores():
    head, records = train(learning_rate=0.03, loss_weights={**NOTHING, "nearest_centroid": 1})
    scores = [record["score"] for record in records]
    assert max(scores) > scores[-1]
    assert score_of(head) == pytest.approx(scores[-1])


def test_callbacks_see_the_head_as_it_is():
    seen = []
    head, records = train(on_epoch=lambda record, current: seen.append(current()))
    assert [score_of(state) for state in seen] == pytest.approx(
        [record["score"] for record in records]
    )
    labels = [labels_of(state) for state in seen]
    changes = [(a != b).mean() for a, b in zip(labels[1:], labels, strict=False)]
    assert changes == pytest.approx([record["label_change"] for record in records[1:]])
    assert not np.array_equal(encode(seen[0], X), encode(seen[-1], X))
    np.testing.assert_array_equal(encode(seen[-1], X), encode(head, X))


def test_a_view_without_images_is_not_the_sample_itself():
    """The loss of two views is only that of what is left out: 0 if both were the sample."""
    _, (record,) = train(max_epochs=1, agreement="latents")
    assert record["augmentation"] > 1e-3
    # Neighbours differ more than a sample does from itself.
    assert record["neighbor"] > record["augmentation"]


def test_views_of_images_take_the_place_of_what_is_left_out():
    alike = np.repeat(X[:, None], 2, axis=1).astype(np.float16)
    _, (record,) = train(max_epochs=1, agreement="latents", views=alike)
    assert record["augmentation"] < 1e-5
    # Views of other images: of half of the pairs, one is of another image.
    others = alike[np.random.default_rng(0).permutation(400)]
    _, (record,) = train(max_epochs=1, agreement="latents", views=others)
    assert record["augmentation"] > 0.1


def test_only_a_callback_stops():
    assert len(train(on_epoch=lambda record, current: True)[1]) == 1
    # Nothing to learn: no state is better than the first.
    assert len(train(loss_weights=NOTHING, max_epochs=10)[1]) == 10


@pytest.mark.parametrize("others", [{}, NOTHING])
def test_from_a_random_head_the_nearest_centroid_term_joins_half_way(others):
    """The first half is the same without that term, the second is not."""
    with_it, without = (
        train(None, loss_weights={**others, "nearest_centroid": weight})[1] for weight in (5.0, 0.0)
    )
    for name in ("loss", "label_change", "score"):
        first = [[record[name] for record in records[:3]] for records in (with_it, without)]
        assert first[0] == first[1]
    assert with_it[4]["loss"] != without[4]["loss"]


def test_with_a_start_the_nearest_centroid_term_is_there_at_once():
    (record,) = train(max_epochs=1, loss_weights={**NOTHING, "nearest_centroid": 5})[1]
    assert record["loss"] == pytest.approx(5 * record["nearest_centroid"]) != 0


def test_an_empty_cluster_comes_back():
    head, records = train(start=np.minimum(Y, 2), max_epochs=3)
    assert records[-1]["n_occupied"] == 4
    assert len(set(labels_of(head))) == 4


def test_records_are_of_the_state_after_empty_clusters_were_filled(monkeypatch):
    """Also where that did not succeed: here what is moved goes somewhere else, every time."""
    move = LatentTrainer.move
    turns = []

    def move_away(self, targets, moved, emphasis):
        turns.append(len(turns) % 3)
        move(self, np.full_like(targets, turns[-1]), np.ones_like(moved), emphasis)

    monkeypatch.setattr(LatentTrainer, "move", move_away)
    # In half precision, in which epochs are trained and told of, some labels are others.
    monkeypatch.setattr(_head_training, "faster_products", contextlib.nullcontext)
    seen = []
    _, records = train(
        np.minimum(Y, 2),
        lambda record, current: seen.append(labels_of(current())),
        loss_weights=NOTHING,
        max_epochs=3,
    )
    assert len(turns) > 3
    assert [len(set(labels)) for labels in seen] == [record["n_occupied"] for record in records]
    scores = [neighborhood_information(labels, NEIGHBORS, 4) for labels in seen]
    assert scores == pytest.approx([record["score"] for record in records])


def test_features_in_any_unit_are_the_same():
    for factor in (2.0**-100, 2.0**100):
        torch.manual_seed(0)
        head = LatentHead.for_features(X * np.float32(factor), 20, np.random.RandomState(0))
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
        # A cluster is empty.
        start=np.minimum(Y, 2),
        max_epochs=1,
        on_epoch=lambda record, current: in_callbacks.append(torch.get_num_threads()),
    )
    assert [*dict.fromkeys(in_steps)] == [("fit_labels", 1), ("move", 1), ("run_epoch", 1)]
    assert in_callbacks == [2]
