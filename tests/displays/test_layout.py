import numpy as np
import pytest

from skdeepcluster.displays import _layout
from skdeepcluster.displays._layout import lay_out


@pytest.mark.parametrize("seed", [0, None])
def test_what_is_not_laid_out_lies_amid_its_like(monkeypatch, seed):
    monkeypatch.setattr(_layout, "_MOST_LAID_OUT", 60)
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 70)
    latents = rng.normal(size=(3, 8))[labels] + 0.05 * rng.normal(size=(210, 8))
    positions = lay_out(latents, seed)
    assert positions.shape == (210, 2) and np.isfinite(positions).all()
    medians = np.array([np.median(positions[labels == label], axis=0) for label in range(3)])
    distances = np.linalg.norm(positions[:, None] - medians, axis=2)
    assert (distances.argmin(axis=1) == labels).mean() > 0.98
    if seed is not None:
        np.testing.assert_array_equal(positions, lay_out(latents, seed))


@pytest.mark.parametrize("n_samples", [10, 40])
def test_half_precision_is_laid_out_as_its_like(n_samples):
    latents = np.random.default_rng(0).normal(size=(n_samples, 5)).astype(np.float16)
    positions = lay_out(latents, 0)
    assert positions.shape == (n_samples, 2)
    np.testing.assert_array_equal(positions, lay_out(latents.astype(np.float32), 0))
