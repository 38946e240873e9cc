import numpy as np
import torch
from sklearn.datasets import load_digits

from skdeepcluster.latent import (
    LOSS_WEIGHTS,
    LatentHead,
    Objective,
    _trainer,
    encode,
    pedcc,
)
from skdeepcluster.latent._trainer import LatentTrainer
from skdeepcluster.neighbors import nearest_neighbors


class Setting:
    """A head on digits, ready to train."""

    def __init__(self, batch_size=128, loss_weights=None, late_epoch=0):
        X, self.y = load_digits(n_class=4, return_X_y=True)
        self.X = X[:400].astype(np.float32)
        self.y = self.y[:400]
        torch.manual_seed(0)
        self.head = LatentHead.for_features(self.X, 20)
        self.centroids = pedcc(4, 20, random_state=0)
        samples = torch.from_numpy(self.X)
        self.asked = []

        def inputs(indices, augment):
            self.asked.append(augment)
            return self.head.standardize(samples[indices])

        weights = {**LOSS_WEIGHTS, **(loss_weights or {})}
        self.trainer = LatentTrainer(
            self.head.from_standardized,
            inputs,
            torch.optim.Adam(self.head.layers.parameters(), lr=1e-3),
            nearest_neighbors(self.X, 10),
            Objective(self.centroids, torch.full((4,), 0.25), weights),
            batch_size=batch_size,
            generator=torch.Generator().manual_seed(0),
            late_epoch=late_epoch,
        )

    def labels(self):
        return (encode(self.head, self.X) @ self.centroids.numpy().T).argmax(axis=1)


def test_fit_labels_reproduces_a_start():
    setting = Setting()
    setting.trainer.fit_labels(
        setting.y.astype(np.int64), lambda: (setting.labels() == setting.y).all()
    )
    np.testing.assert_array_equal(setting.labels(), setting.y)


def test_a_step_takes_samples_a_view_of_each_and_neighbours():
    setting = Setting(batch_size=400)
    setting.trainer.run_epoch(0)
    assert setting.asked[:3] == [False, True, False]


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


def test_samples_that_are_moved_do_not_drag_the_others_along():
    setting = Setting()
    labels = np.minimum(setting.y, 2)
    setting.trainer.fit_labels(labels, lambda: (setting.labels() == labels).all())
    moved = np.flatnonzero(setting.y == 3)[:6]
    targets = labels.copy()
    targets[moved] = 3
    nearness = encode(setting.head, setting.X[moved]) @ setting.centroids[3].numpy()
    setting.trainer.move(np.arange(400), targets, targets == 3)
    assert (setting.labels() == labels)[targets < 3].mean() > 0.95
    assert (encode(setting.head, setting.X[moved]) @ setting.centroids[3].numpy() > nearness).all()


def test_an_epoch_of_many_samples_sees_a_part_of_them(monkeypatch):
    setting = Setting(batch_size=64)
    monkeypatch.setattr(_trainer, "EPOCH_SIZE", 200)
    monkeypatch.setattr(_trainer, "_MIN_STEPS_PER_EPOCH", 1)
    seen = [torch.cat([*setting.trainer._batches(400)]) for _ in range(2)]
    assert [len(set(rows.tolist())) for rows in seen] == [200, 200]
    assert not torch.equal(seen[0], seen[1])
