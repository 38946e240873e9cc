import shutil

import numpy as np

from skdeepcluster.backbones._engines import multiplies_exactly

from ._command import run_json


def test_embed(result, tmp_path, capsys):
    arguments = [result / "photos", "--output", tmp_path / "f.npz", "--image-size", 64]
    data = run_json(capsys, "embed", *arguments)
    assert (data["n_pictures"], data["n_features"]) == (41, 1280)
    assert data["skipped"] == [str(result / "photos/broken.jpg")]
    with np.load(data["files"]["features"]) as stored:
        assert stored["features"].shape == (41, 1280)
        unread = np.isnan(stored["features"]).any(axis=1)
        assert stored["paths"][unread].tolist() == data["skipped"]


def test_several_sizes(result, tmp_path, capsys):
    arguments = [result / "photos/cat", "--output", tmp_path / "f.npz"]
    sizes = ["--image-size", 32, "--image-size", 48]
    assert run_json(capsys, "embed", *sizes, *arguments)["n_features"] == 2560
    networks = ["--backbone", "efficientnet_lite0", "--backbone", "untrained:test_vit3"]
    assert run_json(capsys, "embed", *networks, *sizes, *arguments)["n_features"] == 1280 + 96


def test_one_long_path_does_not_blow_up_the_features(result, tmp_path, monkeypatch, capsys):
    from skdeepcluster import list_images
    from skdeepcluster.cli import _embed

    # Fewer than there are images, and no divisor of their number.
    monkeypatch.setattr(_embed, "_CHUNK", 4)
    photos = shutil.copytree(result / "photos/cat", tmp_path / "photos")
    long = photos / "/".join("abcd\u00e9" * 3 for _ in range(60)) / "0.jpg"
    long.parent.mkdir(parents=True)
    shutil.copy(photos / "0.jpg", long)
    output = tmp_path / "f.npz"
    run_json(capsys, "embed", photos, "--output", output, "--image-size", 32)
    with np.load(output) as stored:
        paths, features = stored["paths"], stored["features"]
    assert paths.dtype.kind == "U"
    assert paths.tolist() == [str(path) for path in list_images(photos)]
    assert features.dtype == np.float32 and features.shape == (11, 1280)
    assert output.stat().st_size - features.nbytes < paths.nbytes / 4


def test_paths_are_written_without_an_array_of_them_all(tmp_path):
    import tracemalloc
    from zipfile import ZipFile

    from skdeepcluster.cli._embed import _write_paths

    paths = [*(f"{number}.jpg" for number in range(10_000)), "x" * 1000]
    tracemalloc.start()
    try:
        with ZipFile(tmp_path / "f.npz", "w") as archive:
            _write_paths(archive, paths)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    with np.load(tmp_path / "f.npz") as stored:
        assert stored["paths"].tolist() == paths
        assert peak < stored["paths"].nbytes / 2


def test_the_engine_can_be_chosen(result, tmp_path, capsys):
    arguments = [result / "photos/cat", "--output", tmp_path / "f.npz", "--image-size", 64]
    found = []
    for engine in ("auto", "int8"):
        run_json(capsys, "embed", *arguments, "--engine", engine)
        with np.load(tmp_path / "f.npz") as stored:
            found.append(stored["features"])
    exact, quantised = found
    assert np.linalg.norm(exact - quantised) < 0.2 * np.linalg.norm(exact)
    if multiplies_exactly():
        assert not np.array_equal(exact, quantised)
