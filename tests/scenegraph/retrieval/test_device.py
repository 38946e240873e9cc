import pickle

import numpy as np
import pytest
import torch

from .._toy import make_pairs, make_retriever
from ._pretended import DEVICE, Pretended, PretendedDevice
from .test_wiring import with_features

PARAMS = {"max_epochs": 2, "validation_fraction": 0.2}


@pytest.fixture(scope="module")
def featured():
    graphs, captions = make_pairs(24)
    rng = np.random.default_rng(0)
    return [with_features(graph, rng) for graph in graphs], captions


@pytest.fixture(autouse=True)
def no_inference_mode(monkeypatch):
    """Its views are unknown to tensors that hold others."""
    monkeypatch.setattr(torch, "inference_mode", torch.no_grad)


def parameters(est):
    return [*est._model.encoder.model.parameters(), *est._model.encoder.model.buffers()]


def test_the_pretended_device_notices_what_a_gpu_would():
    with PretendedDevice():
        there, here = torch.ones(3, 2).to(DEVICE), torch.ones(3, 2)
        assert isinstance(there, Pretended) and there.device == DEVICE
        assert (there + 1).sum().item() == 12
        assert isinstance(there.new_zeros(2), Pretended)
        assert not isinstance((there * 2).cpu(), Pretended)
        with pytest.raises(RuntimeError, match="two devices"):
            there + here
        with pytest.raises((RuntimeError, TypeError)):
            there.numpy()
        with pytest.raises(RuntimeError, match="two devices"):
            here[torch.tensor([0, 1]).to(DEVICE)]


@pytest.mark.parametrize("loss", ["contrastive", "hardest"])
def test_all_is_computed_on_the_device(featured, loss):
    X, y = featured
    here = make_retriever(device="cpu", loss=loss, **PARAMS).fit(X, y).index(X)
    with PretendedDevice():
        there = make_retriever(device=DEVICE, loss=loss, **PARAMS).fit(X, y).index(X)
        assert all(part.device == DEVICE for part in parameters(there))
        for name in ("similarity", "recall_table", "score"):
            found, expected = (np.asarray(getattr(est, name)(X, y)) for est in (there, here))
            np.testing.assert_allclose(found, expected, atol=1e-5)
        np.testing.assert_allclose(there.transform(X), here.transform(X), atol=1e-5)
        np.testing.assert_allclose(
            there.transform_captions(y), here.transform_captions(y), atol=1e-5
        )
        for found, expected in zip(there.kneighbors(y, 3), here.kneighbors(y, 3), strict=True):
            np.testing.assert_allclose(found, expected, atol=1e-5)
        assert str(there.explain(X[0], y[0][0])) == str(here.explain(X[0], y[0][0]))
        np.testing.assert_allclose(there.history_["loss"], here.history_["loss"], atol=1e-5)


def test_saved_and_pickled_models_have_no_device(featured, tmp_path):
    X, y = featured
    with PretendedDevice():
        est = make_retriever(device="meta", **PARAMS).fit(X, y)
        expected = est.similarity(X, y)
        pickled = pickle.dumps(est)
        est.save(tmp_path / "model")
        loaded = type(est).load(tmp_path / "model")
    assert loaded.device == "meta"
    again = pickle.loads(pickled)
    for other in (loaded, again):
        assert all(part.device.type == "cpu" for part in parameters(other))
        other.set_params(device="cpu")
        np.testing.assert_allclose(other.similarity(X, y), expected, atol=1e-6)
        with PretendedDevice():
            other.set_params(device="meta").similarity(X[:2], y[:2])
            assert all(part.device == DEVICE for part in parameters(other))
            # It may change after the fit.
            other.set_params(device="cpu").similarity(X[:2], y[:2])
        assert all(part.device.type == "cpu" for part in parameters(other))


def test_a_device_that_is_not_there(featured):
    X, y = featured
    est = make_retriever(max_epochs=0, device="cuda:99")
    with pytest.warns(UserWarning, match='no device "cuda:99"'):
        est.fit(X, y)
    with pytest.raises(ValueError, match="device"):
        est.set_params(device=3).fit(X, y)
