import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from skdeepcluster.backbones import load_backbone, make_engine


def cosines(a, b):
    return (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


@pytest.fixture(scope="module")
def lite():
    return load_backbone("efficientnet_lite0", image_size=128)


@pytest.fixture(scope="module")
def pixels(photos):
    resizing = load_backbone("efficientnet_lite0", image_size=128).resizing
    return np.stack([resizing(Image.fromarray(photo)) for photo in photos.values()])


def test_engines_agree_with_one_another_and_with_the_network(lite, pixels):
    onnx, torch_engine = (make_engine(lite, engine=kind) for kind in ("onnxruntime", "torch"))
    by_onnx, by_torch = onnx(pixels), torch_engine(pixels)
    assert by_onnx.dtype == by_torch.dtype == np.float32
    assert cosines(by_onnx, by_torch).min() >= 0.9999
    normalized = (pixels.astype(np.float32) - 127) / 128
    with torch.inference_mode():
        literal = lite.network(torch.from_numpy(normalized).permute(0, 3, 1, 2)).numpy()
    np.testing.assert_allclose(by_torch, literal, atol=1e-4)


def test_any_batch_size(lite, pixels):
    engine = make_engine(lite, engine="onnxruntime")
    np.testing.assert_allclose(engine(pixels[:1]), engine(pixels)[:1], atol=1e-4)


def test_auto_on_a_cpu_is_onnx_runtime_and_silent(lite, capfd, recwarn):
    assert make_engine(lite, device="cpu").kind == "onnxruntime"
    captured = capfd.readouterr()
    assert (captured.out, captured.err, list(recwarn)) == ("", "", [])


def test_bfloat16_is_close(lite, pixels):
    exact = make_engine(lite, engine="torch", device="cpu")(pixels)
    rough = make_engine(lite, device="cpu", dtype="bfloat16")
    assert (rough.kind, rough.precision) == ("torch", "bfloat16")
    assert cosines(exact, rough(pixels)).min() > 0.99
    # The backbone itself has not become bfloat16.
    assert next(lite.network.parameters()).dtype == torch.float32
    with pytest.raises(ValueError, match="float32"):
        make_engine(lite, engine="onnxruntime", device="cpu", dtype="bfloat16")


class Tiny(nn.Module):
    image_size = 16

    def forward(self, x):
        return x.mean(dim=(2, 3))


def test_broken_export_is_made_again(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    backbone = load_backbone(Tiny())
    pixels = np.full((2, 16, 16, 3), 255, dtype=np.uint8)
    expected = make_engine(backbone, engine="onnxruntime")(pixels)
    (path,) = tmp_path.glob("skdeepcluster/onnx/*.onnx")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    np.testing.assert_array_equal(make_engine(backbone, engine="onnxruntime")(pixels), expected)
    assert path.read_bytes() == whole


def test_cache_that_cannot_be_written_is_done_without(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    engine = make_engine(load_backbone(Tiny()), engine="onnxruntime")
    assert engine(np.zeros((1, 16, 16, 3), np.uint8)).shape == (1, 3)


class NotExportable(Tiny):
    def forward(self, x):
        if torch.onnx.is_in_onnx_export():
            raise RuntimeError("no ONNX for this")
        return super().forward(x)


def test_a_network_that_cannot_be_exported_runs_by_torch():
    backbone = load_backbone(NotExportable())
    assert make_engine(backbone, device="cpu").kind == "torch"
    with pytest.raises(RuntimeError, match="no ONNX"):
        make_engine(backbone, engine="onnxruntime", device="cpu")
