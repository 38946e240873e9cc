import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from skdeepcluster.latent import (
    LOSS_WEIGHTS,
    LatentHead,
    LatentTrainer,
    _training,
    encode,
    pedcc,
    train,
)
from skdeepcluster.latent._training import _revive
from skdeepcluster.neighbors import nearest_neighbors, neighborhood_information, sample_graph


class Setting:
    """A head on digits, ready to train."""

    def __init__(self, batch_size=128, loss_weights=None, late_epoch=0):
        X, self.y = load_digits(n_class=4, return_X_y=True)
        self.X = X[:400].astype(np.float32)
        self.y = self.y[:400]
        self.graph = nearest_neighbors(self.X, 10)
        torch.manual_seed(0)
        self.head = LatentHead.for_features(self.X, 20)
        self.centroids = pedcc(4, 20, random_state=0)
        samples = torch.from_numpy(self.X)
        generator = torch.Generator().manual_seed(0)
        self.trainer = LatentTrainer(
            self.head.from_standardized,
            lambda indices, augment: self.head.standardize(samples[indices]),
            torch.optim.Adam(self.head.layers.parameters(), lr=1e-3),
            self.graph,
            self.centroids,
            torch.full((4,), 0.25),
            {**LOSS_WEIGHTS, **(loss_weights or {})},
            batch_size=batch_size,
            generator=generator,
            late_epoch=late_epoch,
        )

    def labels(self):
        return (encode(self.head, self.X) @ self.centroids.numpy().T).argmax(axis=1)

    def score(self):
        return neighborhood_information(self.labels(), self.graph, len(self.centroids))

    def train(self, max_epochs, patience=100, on_epoch=lambda record: False):
        """Train, and return how many epochs it took."""
        records = []

        def record_epoch(record):
            records.append(record)
            return on_epoch(record)

        train(
            self.trainer,
            lambda: encode(self.head, self.X),
            sample_graph(self.graph),
            max_epochs=max_epochs,
            patience=patience,
            random_state=np.random.RandomState(0),
            on_epoch=record_epoch,
        )
        return len(records)


def test_fit_labels_reproduces_a_start():
    setting = Setting()
    setting.trainer.fit_labels(
        setting.y.astype(np.int64), lambda: (setting.labels() == setting.y).all()
    )
    np.testing.assert_array_equal(setting.labels(), setting.y)


def test_losses_fall_and_the_best_state_is_kept():
    setting = Setting()
    setting.trainer.fit_labels(setting.y.astype(np.int64), lambda: True)
    records = []
    start = setting.score()
    setting.train(6, on_epoch=records.append)
    assert records[-1]["loss"] < records[0]["loss"]
    assert set(LOSS_WEIGHTS) < set(records[0])
    best = max([start, *(record["score"] for record in records if record["n_occupied"] == 4)])
    assert setting.score() == pytest.approx(best)


def test_interruption_keeps_the_best_state():
    setting = Setting()
    setting.trainer.fit_labels(setting.y.astype(np.int64), lambda: True)
    scores = [setting.score()]

    def on_epoch(record):
        scores.append(record["score"])
        if len(scores) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        setting.train(10, on_epoch=on_epoch)
    assert setting.score() == pytest.approx(max(scores))


def test_callback_and_patience_stop():
    assert Setting().train(10, on_epoch=lambda record: True) == 1
    # Nothing to learn: no state is better than the first.
    still = Setting(loss_weights=dict.fromkeys(LOSS_WEIGHTS, 0.0), late_epoch=5)
    assert still.train(10, patience=2) == 2


def test_nearest_centroid_term_waits_for_its_epoch():
    early = Setting(loss_weights={"nearest_centroid": 0.0})
    late = Setting(loss_weights={"nearest_centroid": 5.0}, late_epoch=2)
    for setting in (early, late):
        for epoch in range(2):
            setting.trainer.run_epoch(epoch)
    np.testing.assert_array_equal(encode(early.head, early.X), encode(late.head, late.X))
    early.trainer.run_epoch(2)
    late.trainer.run_epoch(2)
    assert not np.allclose(encode(early.head, early.X), encode(late.head, late.X))


def test_queue_fills_small_batches_for_the_mmd():
    setting = Setting(batch_size=50)
    setting.trainer.run_epoch(0)
    assert len(setting.trainer._queue) + 50 == 256
    full = Setting(batch_size=400)
    full.trainer.run_epoch(0)
    assert len(full.trainer._queue) == 0


def test_an_empty_cluster_is_filled_with_samples_of_the_judging_ones():
    latents = np.concatenate([np.tile([1.0, 0.0], (6, 1)), np.tile([0.0, 1.0], (4, 1))])
    latents[3:6] += 0.5
    moved = []

    class Trainer:
        centroids = torch.zeros((3, 2))

        def move(self, indices, targets, is_moved):
            moved.append((indices[is_moved].tolist(), targets[is_moved].tolist()))
            assert targets[~is_moved].tolist() == labels[~is_moved].tolist()

    labels, spread = np.repeat([0, 1], [6, 4]), np.repeat([1.0, 0.0], [6, 4])
    rows = np.arange(100, 110)
    _revive(Trainer(), labels, spread, lambda: latents, rows, np.random.RandomState(0))
    ((indices, targets),) = moved
    assert indices in ([100, 101, 102], [103, 104, 105])
    assert targets == [2, 2, 2]


def test_samples_that_are_moved_do_not_drag_the_others_along():
    setting = Setting()
    labels = np.minimum(setting.y, 2)
    setting.trainer.fit_labels(labels, lambda: (setting.labels() == labels).all())
    few = np.flatnonzero(setting.y == 3)[:6]
    targets = labels.copy()
    targets[few] = 3
    nearness = encode(setting.head, setting.X[few]) @ setting.centroids[3].numpy()
    setting.trainer.move(np.arange(400), targets, targets == 3)
    assert (setting.labels() == labels)[targets < 3].mean() > 0.95
    assert (encode(setting.head, setting.X[few]) @ setting.centroids[3].numpy() > nearness).all()


def test_features_in_any_unit_are_the_same():
    X = Setting().X
    for factor in (2.0**-100, 2.0**100):
        torch.manual_seed(0)
        head = LatentHead.for_features(X * np.float32(factor), 20)
        torch.manual_seed(0)
        expected = encode(LatentHead.for_features(X, 20), X)
        np.testing.assert_array_equal(encode(head, X * np.float32(factor)), expected)


def test_an_epoch_of_many_samples_sees_some(monkeypatch):
    setting = Setting(batch_size=64)
    monkeypatch.setattr(_training, "EPOCH_SIZE", 200)
    monkeypatch.setattr(_training, "_MIN_STEPS_PER_EPOCH", 1)
    seen = [torch.cat([*setting.trainer._batches(400)]) for _ in range(2)]
    assert [len(set(rows.tolist())) for rows in seen] == [200, 200]
    assert not torch.equal(seen[0], seen[1])
