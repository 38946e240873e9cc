import numpy as np
import pytest
import torch

from skdeepcluster.features import _rows
from skdeepcluster.latent import LatentHead, encode


@pytest.mark.parametrize("n_components", [3, 600])
def test_latents_span_the_space(n_components):
    features = np.random.default_rng(0).normal(size=(1500, 40)).astype(np.float32)
    latents = encode(
        LatentHead.for_features(features, n_components, np.random.RandomState(0)), features
    )
    assert np.linalg.matrix_rank(latents) == n_components


def test_head_gives_unit_latents_and_ignores_constant_features():
    features = np.random.default_rng(0).normal(size=(50, 6)).astype(np.float32)
    features[:, 2] = 0
    head = LatentHead.for_features(features, 3, np.random.RandomState(0))
    np.testing.assert_allclose(np.linalg.norm(encode(head, features), axis=1), 1, atol=1e-6)
    assert head.scale[2] == 0
    chunked = encode(head, features, chunk_size=7)
    np.testing.assert_allclose(chunked, encode(head, features), atol=1e-6)


def test_features_are_standardized_over_all_chunks(monkeypatch):
    monkeypatch.setattr(_rows, "_CHUNK_SIZE", 16)
    features = np.random.default_rng(0).normal(size=(50, 6)).astype(np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    head = LatentHead.for_features(features, 3, np.random.RandomState(0))
    standardized = head.standardize(torch.from_numpy(features)).numpy()
    np.testing.assert_allclose(standardized.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(standardized.std(axis=0), 1, atol=1e-5)
    # What never varies is not blown up, as if rounding were a deviation.
    same = np.tile(features[:1], (50, 1))
    assert not LatentHead.for_features(same, 3, np.random.RandomState(0)).scale.any()
