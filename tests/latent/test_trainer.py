import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from skdeepcluster.latent import LatentHead, Objective, check_loss_weights, encode, pedcc
from skdeepcluster.latent._adam import Adam
from skdeepcluster.latent._trainer import LatentTrainer
from skdeepcluster.neighbors import nearest_neighbors


class Setting:
    """A head on digits, ready to train."""

    def __init__(self, batch_size=128, loss_weights=None, late_epoch=0):
        X, self.y = load_digits(n_class=4, return_X_y=True)
        self.X = X[:400].astype(np.float32)
        self.y = self.y[:400]
        torch.manual_seed(0)
        self.head = LatentHead.for_features(self.X, 20, np.random.RandomState(0))
        self.centroids = pedcc(4, 20, random_state=0)
        self.neighbors = nearest_neighbors(self.X, 10)
        samples = torch.from_numpy(self.X)
        self.asked = []

        def views(indices):
            self.asked.append(indices)
            return self.head.standardize(samples[indices])

        weights = check_loss_weights(loss_weights, "assignments")
        self.trainer = LatentTrainer(
            self.head.from_standardized,
            views,
            Adam(self.head.layers.parameters(), 1e-3),
            self.neighbors,
            Objective(self.centroids, torch.full((4,), 0.25), weights, "assignments"),
            batch_size=batch_size,
            generator=torch.Generator().manual_seed(0),
            late_epoch=late_epoch,
        )

    def latents(self):
        return encode(self.head, self.X)

    def labels(self):
        return (self.latents() @ self.centroids.numpy().T).argmax(axis=1)


def test_fit_labels_reproduces_a_start():
    setting = Setting()
    setting.trainer.fit_labels(
        setting.y.astype(np.int64), lambda: (setting.labels() == setting.y).all()
    )
    np.testing.assert_array_equal(setting.labels(), setting.y)


def test_a_start_is_learned_for_five_passes_and_then_until_it_is_good():
    setting = Setting()
    steps_when_asked = []

    def is_good():
        steps_when_asked.append(len(setting.asked))
        return len(steps_when_asked) == 3

    setting.trainer.fit_labels(setting.y.astype(np.int64), is_good)
    # Of a small data set a pass is eight steps: here all samples twice, four batches each.
    assert steps_when_asked == [40, 48, 56]
    assert len(setting.asked) == 56
    seen = torch.cat(setting.asked[:8])
    np.testing.assert_array_equal(np.bincount(seen, minlength=400), 2)


def test_a_start_that_is_never_good_is_given_up():
    setting = Setting()
    setting.trainer.fit_labels(setting.y.astype(np.int64), lambda: False)
    assert len(setting.asked) == 600


def test_a_step_takes_two_views_of_samples_and_one_of_neighbours():
    setting = Setting()
    setting.trainer.run_epoch(0)
    assert len(setting.asked) == 8 * 3
    for samples, again, partners in zip(*(setting.asked[i::3] for i in range(3)), strict=True):
        assert torch.equal(samples, again)
        among = setting.neighbors[samples] == partners.numpy()[:, None]
        assert among.any(axis=1).all()
        # Any of them, not always the nearest.
        assert among.any(axis=0).all()


def test_an_epoch_sees_every_sample_as_often_as_any_other():
    setting = Setting(batch_size=45)
    batches = [*setting.trainer._batches(400)]
    assert {len(batch) for batch in batches} == {44, 45}
    assert len(batches) == 9
    np.testing.assert_array_equal(np.sort(torch.cat(batches)), np.arange(400))
    # In small data, several times, in another order each.
    batches = [*Setting(batch_size=200).trainer._batches(400)]
    assert len(batches) == 8
    passes = [torch.cat(batches[i : i + 2]) for i in range(0, 8, 2)]
    for one in passes:
        np.testing.assert_array_equal(np.sort(one), np.arange(400))
    assert not torch.equal(passes[0], passes[1])


def test_nearest_centroid_term_waits_for_its_epoch():
    early = Setting(loss_weights={"nearest_centroid": 0.0})
    late = Setting(loss_weights={"nearest_centroid": 5.0}, late_epoch=2)
    for setting in (early, late):
        for epoch in range(2):
            setting.trainer.run_epoch(epoch)
    np.testing.assert_array_equal(early.latents(), late.latents())
    early.trainer.run_epoch(2)
    late.trainer.run_epoch(2)
    assert not np.allclose(early.latents(), late.latents())


@pytest.mark.parametrize(("weight", "terms"), [(0.0, set()), (1.0, {"nearest_centroid"})])
def test_without_a_term_that_counts_nothing_is_trained(weight, terms):
    others = dict.fromkeys(["balance", "augmentation", "neighbor"], 0.0)
    setting = Setting(loss_weights={**others, "nearest_centroid": weight}, late_epoch=1)
    before = setting.latents()
    losses = setting.trainer.run_epoch(0)
    assert set(losses) == {"loss", *terms}
    assert losses["loss"] == 0
    np.testing.assert_array_equal(setting.latents(), before)
    losses = setting.trainer.run_epoch(1)
    assert (losses["loss"] > 0) == (weight > 0)
    assert np.array_equal(setting.latents(), before) == (weight == 0)


@pytest.mark.parametrize(("emphasis", "n_moved"), [(4, 8), (16, 31), (64, 64)])
def test_samples_that_are_moved_do_not_drag_the_others_along(emphasis, n_moved):
    setting = Setting()
    labels = np.minimum(setting.y, 2)
    setting.trainer.fit_labels(labels, lambda: (setting.labels() == labels).all())
    moved = np.flatnonzero(setting.y == 3)[:6]
    targets = labels.copy()
    targets[moved] = 3
    nearness = encode(setting.head, setting.X[moved]) @ setting.centroids[3].numpy()
    setting.asked.clear()
    setting.trainer.move(targets, targets == 3, emphasis)
    assert (setting.labels() == labels)[targets < 3].mean() > 0.95
    assert (encode(setting.head, setting.X[moved]) @ setting.centroids[3].numpy() > nearness).all()
    # Six of 400 samples, so many times as often, in each of a few batches; half of it at most.
    assert [np.isin(indices, moved).sum() for indices in setting.asked] == [n_moved] * 8


def test_all_samples_can_be_moved():
    setting = Setting()
    targets = (setting.y.astype(np.int64) + 1) % 4
    for _ in range(8):
        setting.trainer.move(targets, np.ones(400, dtype=bool), 1)
    assert (setting.labels() == targets).mean() > 0.95
