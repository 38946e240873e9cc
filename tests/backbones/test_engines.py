import os
import threading

import numpy as np
import pytest
import torch
from torch import nn

from skdeepcluster.backbones import Backbone, load_backbone, make_engine, resolve_device
from skdeepcluster.backbones import _onnx as onnx_module

from .conftest import SmallNetwork, features_of


class Unexportable(SmallNetwork):
    """Uses an operation that ONNX does not have."""

    def forward(self, images):
        features = super().forward(images)
        return torch.linalg.eigh(features[:, :, None] * features[:, None, :])[0]


class DependsOnTheBatch(SmallNetwork):
    """Takes the number of images for a constant when it is traced."""

    def forward(self, images):
        return super().forward(images) * len(images)


def cosines(a, b):
    return (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "skdeepcluster" / "onnx"


@pytest.mark.parametrize(
    ("name", "image_size"),
    [
        ("efficientnet_lite0", None),
        ("untrained:vit_tiny_patch16_224", 96),
        ("untrained:convnext_atto", 64),
        ("untrained:test_vit3", None),
    ],
)
def test_engines_agree_with_one_another_and_with_the_network(name, image_size, pixels_of):
    backbone = load_backbone(name, image_size=image_size)
    pixels = pixels_of(backbone)
    by_torch = make_engine(backbone, engine="torch")(pixels)
    by_onnx = make_engine(backbone, engine="onnxruntime")(pixels)
    assert by_torch.shape == by_onnx.shape == (len(pixels), backbone.n_features)
    assert by_torch.dtype == by_onnx.dtype == np.float32
    assert cosines(by_torch, by_onnx).min() >= 0.9999
    assert cosines(by_torch, features_of(backbone, pixels)).min() >= 0.9999


def test_the_batch_has_any_size(small_network, cache):
    backbone = load_backbone(small_network, image_size=32)
    pixels = np.random.default_rng(0).integers(0, 256, (7, 32, 32, 3), dtype=np.uint8)
    for engine in (make_engine(backbone, engine=kind) for kind in ("torch", "onnxruntime")):
        features = engine(pixels)
        for size in (1, 2, 7):
            np.testing.assert_allclose(engine(pixels[:size]), features[:size], atol=1e-5)


def test_pixels_may_be_read_only_or_turned(small_network, cache, recwarn):
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    pixels.flags.writeable = False
    backbone = load_backbone(small_network, image_size=32)
    for kind in ("torch", "onnxruntime"):
        engine = make_engine(backbone, engine=kind)
        np.testing.assert_allclose(
            engine(pixels[:, ::-1]), engine(pixels[:, ::-1].copy()), atol=1e-6
        )
    assert not recwarn


def test_auto_on_a_cpu_is_onnx_runtime(small_network, cache):
    backbone = load_backbone(small_network, image_size=32)
    assert make_engine(backbone, device="cpu").kind == "onnxruntime"
    assert make_engine(backbone, device="cpu", dtype="bfloat16").kind == "torch"


def test_auto_falls_back_to_torch_and_says_why_in_the_log(cache, caplog, capfd, recwarn):
    backbone = load_backbone(Unexportable(), image_size=32)
    with caplog.at_level("INFO", logger="skdeepcluster"):
        engine = make_engine(backbone, device="cpu")
    assert engine.kind == "torch"
    assert "linalg_eigh" in caplog.text
    assert capfd.readouterr() == ("", "")
    assert not recwarn
    with pytest.raises(Exception, match="linalg_eigh"):
        make_engine(backbone, engine="onnxruntime")


def test_an_export_that_computes_something_else_is_not_used(cache):
    backbone = load_backbone(DependsOnTheBatch(), image_size=32)
    assert make_engine(backbone, device="cpu").kind == "torch"
    with pytest.raises(RuntimeError, match=r'DependsOnTheBatch.*engine="torch"'):
        make_engine(backbone, engine="onnxruntime")
    assert not list(cache.glob("*.onnx"))


def test_the_export_is_silent(cache, capfd, recwarn):
    make_engine(load_backbone("untrained:test_vit3"), engine="onnxruntime")
    assert capfd.readouterr() == ("", "")
    assert not recwarn


def test_networks_are_exported_by_several_threads(cache):
    import logging

    backbones = [load_backbone("untrained:test_vit", image_size=size) for size in (64, 96, 128)]
    threads = [threading.Thread(target=make_engine, args=(backbone,)) for backbone in backbones]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(cache.glob("*.onnx"))) == 3
    assert logging.root.manager.disable == 0


class TestCache:
    @pytest.fixture
    def exports(self, monkeypatch):
        """Number of exports done."""
        done = []
        export = onnx_module._export
        monkeypatch.setattr(onnx_module, "_export", lambda b: done.append(1) or export(b))
        return done

    @pytest.fixture
    def backbone(self, small_network):
        return load_backbone(small_network, image_size=32)

    def make(self, backbone):
        engine = make_engine(backbone, engine="onnxruntime")
        return engine(np.full((1, 32, 32, 3), 90, dtype=np.uint8))

    def test_a_network_is_exported_once(self, backbone, cache, exports):
        first = self.make(backbone)
        np.testing.assert_array_equal(self.make(backbone), first)
        assert len(exports) == 1
        assert [file.name for file in cache.iterdir()] == [f"{backbone.fingerprint}-2.onnx"]

    def test_changed_weights_are_exported_again(self, backbone, cache, exports):
        first = self.make(backbone)
        backbone.network.head.weight.mul_(2)
        assert not np.allclose(self.make(backbone), first)
        assert len(exports) == 2

    @pytest.mark.parametrize("damage", ["empty", "half", "another network"])
    def test_a_broken_file_is_replaced(self, damage, backbone, cache, exports):
        expected = self.make(backbone)
        (file,) = cache.iterdir()
        if damage == "another network":
            backbone.network.head.weight.mul_(-2)
            self.make(backbone)
            (other,) = set(cache.iterdir()) - {file}
            backbone.network.head.weight.div_(-2)
            os.replace(other, file)
        else:
            file.write_bytes(file.read_bytes()[: 0 if damage == "empty" else 300])
        before = len(exports)
        np.testing.assert_allclose(self.make(backbone), expected, atol=1e-6)
        assert len(exports) == before + 1
        np.testing.assert_allclose(self.make(backbone), expected, atol=1e-6)
        assert len(exports) == before + 1

    def test_without_a_writable_folder_it_works_in_memory(self, backbone, tmp_path, monkeypatch):
        file = tmp_path / "file"
        file.touch()
        monkeypatch.setenv("XDG_CACHE_HOME", str(file))
        assert self.make(backbone).shape == (1, 8)

    def test_what_was_not_used_for_longest_makes_room(self, backbone, cache, monkeypatch):
        self.make(backbone)
        (old,) = cache.iterdir()
        os.utime(old, (1, 1))
        monkeypatch.setattr(onnx_module, "_CACHE_BYTES", old.stat().st_size * 3 // 2)
        backbone.network.head.weight.mul_(2)
        self.make(backbone)
        (kept,) = cache.iterdir()
        assert kept.name == f"{backbone.fingerprint}-2.onnx"

    def test_the_folder_is_where_caches_are(self, backbone, tmp_path, monkeypatch):
        monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
        monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
        self.make(backbone)
        monkeypatch.delenv("LOCALAPPDATA")
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("USERPROFILE", str(tmp_path))
        self.make(backbone)
        found = {file.parent.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*.onnx")}
        assert found == {"local/skdeepcluster/onnx", ".cache/skdeepcluster/onnx"}


@pytest.mark.parametrize(("dtype", "cosine"), [("bfloat16", 0.99), ("float16", 0.9999)])
def test_half_precision_is_close_and_leaves_the_backbone_alone(dtype, cosine, pixels_of):
    backbone = load_backbone("efficientnet_lite0", image_size=96)
    pixels = pixels_of(backbone)
    expected = make_engine(backbone, engine="torch")(pixels)
    engine = make_engine(backbone, device="cpu", dtype=dtype)
    features = engine(pixels)
    assert engine.precision == dtype
    assert features.dtype == np.float32
    assert cosines(features, expected).min() > cosine
    assert {parameter.dtype for parameter in backbone.network.parameters()} == {torch.float32}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine": "tensorrt"}, "engine must be one of .* got 'tensorrt'"),
        ({"dtype": "int8"}, "dtype must be one of .* got 'int8'"),
        ({"engine": "onnxruntime", "dtype": "float16"}, 'Use engine="torch"'),
        ({"engine": "onnxruntime", "device": "cuda"}, 'Use engine="torch"'),
    ],
)
def test_options_that_do_not_go_together_are_errors(options, message, small_network):
    backbone = load_backbone(small_network, image_size=32)
    with pytest.raises(ValueError, match=message):
        make_engine(backbone, **options)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_a_gpu_computes_in_half_precision(pixels_of):
    backbone = load_backbone("efficientnet_lite0")
    pixels = pixels_of(backbone)
    engine = make_engine(backbone)
    assert (engine.kind, engine.precision) == ("torch", "float16")
    assert cosines(engine(pixels), make_engine(backbone, device="cpu")(pixels)).min() > 0.999
    assert next(backbone.network.parameters()).device.type == "cpu"


def test_devices_are_resolved():
    assert resolve_device("cpu") == torch.device("cpu")
    assert resolve_device(torch.device("cpu")) == torch.device("cpu")
    assert resolve_device("auto").type in {"cpu", "cuda", "mps"}


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_gpu_that_is_not_there_is_done_without():
    with pytest.warns(UserWarning, match='no device "cuda:1"'):
        device = resolve_device("cuda:1")
    assert device == resolve_device("auto")


def test_a_network_without_parameters_runs(cache):
    network = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    backbone = Backbone("mean", network, 3, 16, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    pixels = np.full((2, 16, 16, 3), 51, dtype=np.uint8)
    np.testing.assert_allclose(make_engine(backbone)(pixels), 0.2, atol=1e-6)


@pytest.mark.parametrize("device", ["mps", "xpu", "cuda:99", "hpu"])
def test_a_device_that_is_not_here_is_replaced(device):
    with pytest.warns(UserWarning, match=f'no device "{device}"'):
        assert resolve_device(device) == resolve_device("auto")


def test_the_generator_of_torch_is_left_alone():
    for name in ("efficientnet_lite0", "untrained:resnet18"):
        before = torch.get_rng_state()
        load_backbone(name, image_size=32)
        assert torch.equal(torch.get_rng_state(), before)
