import csv
import json
import re
import subprocess
import sys
import tarfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from skdeepcluster.cli import main

needs_report = pytest.mark.skipif(
    not (find_spec("skdeepcluster.report") and find_spec("jinja2")),
    reason="the report or jinja2 is not there",
)


def run(*arguments):
    return main([str(argument) for argument in arguments])


def run_json(capsys, *arguments):
    """Run the command with --json; what it prints must be that and nothing else."""
    capsys.readouterr()
    assert run(*arguments, "--json") == 0
    return json.loads(capsys.readouterr().out)


def start(*arguments, **options):
    """Run the command in a process of its own."""
    command = [sys.executable, "-m", "skdeepcluster.cli", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


@pytest.fixture(scope="module")
def result(snapshots, tmp_path_factory):
    """A folder of photos and the output of a first run of the command on it."""
    base = tmp_path_factory.mktemp("cli")
    for number, (image, scene) in enumerate(zip(*snapshots, strict=True)):
        path = base / "photos" / scene / f"{number % 10}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    (base / "photos" / "broken.jpg").write_bytes(b"no image")
    arguments = ["cluster", base / "photos", "--n-clusters", 4, "--image-size", 64]
    assert run(*arguments, "--output", base / "out", "--export", "copy") == 0
    return base


def read_table(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_cluster_writes_table_model_and_folders(result):
    rows = read_table(result / "out" / "labels.csv")
    assert len(rows) == 41
    unreadable = [row for row in rows if row["label"] == "-1"]
    assert [row["path"].endswith("broken.jpg") for row in unreadable] == [True]
    assert unreadable[0]["probability"] == ""
    assert all(0 <= float(row["probability"]) <= 1 for row in rows if row["label"] != "-1")
    *folders, record = sorted((result / "out" / "clusters").iterdir())
    assert [folder.name for folder in folders] == ["0", "1", "2", "3"]
    # Files of one name from several folders all arrive.
    assert sum(len(list(folder.iterdir())) for folder in folders) == 40
    assert [row["path"] for row in read_table(record)] == [
        row["path"] for row in rows if row["label"] != "-1"
    ]


def test_images_in_a_tar_file(result, capsys):
    with tarfile.open(result / "photos.tar", "w") as archive:
        archive.add(result / "photos", "photos")
    model, output = result / "out/model", result / "from_tar"
    data = run_json(capsys, "assign", model, result / "photos.tar", "--output", output)
    assert data["n_pictures"] == 41
    assert data["skipped"] == [f"{result / 'photos.tar'}/photos/broken.jpg"]
    labels = {
        row["path"].partition(".tar/")[2]: row["label"] for row in read_table(output / "labels.csv")
    }
    for row in read_table(result / "out" / "labels.csv"):
        assert labels[row["path"].removeprefix(f"{result}/")] == row["label"]
    with pytest.raises(SystemExit):
        run("assign", model, result / "photos.tar")
    arguments = ("assign", model, result / "photos.tar", "--output", output, "--export", "move")
    assert run(*arguments) == 1
    assert "--export sorts the files of a folder" in capsys.readouterr().err


def test_images_in_parquet_and_labels_in_parquet(result, capsys):
    pytest.importorskip("pyarrow")
    import pandas as pd

    known = pd.read_csv(result / "out" / "labels.csv")
    files = known.path[known.label >= 0]
    table = pd.DataFrame({"photo": [Path(path).read_bytes() for path in files]})
    table.to_parquet(result / "photos.parquet")
    output = result / "from_parquet"
    data = run_json(
        capsys,
        *("cluster", result / "photos.parquet", "--column", "photo", "--n-clusters", 4),
        *("--image-size", 64, "--output", output, "--format", "parquet"),
    )
    assert data["clusters"][0]["representative"].startswith(f"{result / 'photos.parquet'}[")
    found = pd.read_parquet(output / "labels.parquet")
    assert found.path.tolist() == [f"{result / 'photos.parquet'}[{i}]" for i in range(40)]
    assert len(found.probabilities[0]) == 4
    assert len(set(zip(found.label, known.label[known.label >= 0], strict=True))) == 4


def test_assign_gives_the_same_labels(result, capsys):
    assert run("assign", result / "out/model", result / "photos", "--output", result / "again") == 0
    first, again = (read_table(result / name / "labels.csv") for name in ("out", "again"))
    assert [row["label"] for row in first] == [row["label"] for row in again]
    assert "broken.jpg" in capsys.readouterr().err


@pytest.mark.parametrize("mode", ["symlink", "move"])
def test_export_modes(result, tmp_path, mode):
    import shutil

    photos = shutil.copytree(result / "photos", tmp_path / "photos")
    arguments = ["assign", result / "out/model", photos, "--output", tmp_path / "o"]
    assert run(*arguments, "--export", mode) == 0
    assert sorted(path.name for path in (tmp_path / "o").iterdir()) == [
        "cache",
        "clusters",
        "labels.csv",
    ]
    moved = [path for path in (tmp_path / "o" / "clusters").rglob("*.jpg")]
    assert len(moved) == 40
    assert all(path.is_symlink() == (mode == "symlink") for path in moved)
    assert len([*photos.rglob("*.jpg")]) == (41 if mode == "symlink" else 1)


def test_json_of_cluster(result, tmp_path, capsys):
    arguments = ["cluster", result / "photos", "--n-clusters", 4, "--image-size", 64]
    arguments += ["--memory", result / "out/cache", "--output", tmp_path / "o"]
    data = run_json(capsys, *arguments)
    rows = read_table(tmp_path / "o/labels.csv")
    assert set(data) == {"n_pictures", "n_clusters", "skipped", "clusters", "files"}
    assert (data["n_pictures"], data["n_clusters"]) == (41, 4)
    assert data["skipped"] == [str(result / "photos/broken.jpg")]
    labels = {row["path"]: int(row["label"]) for row in rows}
    for cluster in data["clusters"]:
        assert cluster["size"] == sum(label == cluster["cluster"] for label in labels.values())
        assert labels[cluster["representative"]] == cluster["cluster"]
        assert -1 <= cluster["cohesion"] <= 1
    assert data["files"] == {
        "labels": str(tmp_path / "o/labels.csv"),
        "model": str(tmp_path / "o/model"),
        "cache": str(result / "out/cache"),
    }
    # The features are those of the first run, and so is all else.
    assert rows == read_table(result / "out/labels.csv")
    assert not (tmp_path / "o/cache").exists()


def test_json_of_assign(result, tmp_path, capsys):
    arguments = [result / "out/model", result / "photos/cat", "--output", tmp_path / "o"]
    data = run_json(capsys, "assign", *arguments)
    rows = read_table(tmp_path / "o/labels.csv")
    assert [cluster["size"] for cluster in data["clusters"]] == [
        sum(row["label"] == str(label) for row in rows) for label in range(4)
    ]
    assert (data["n_pictures"], data["skipped"]) == (10, [])


def test_an_export_that_fails_is_not_left_in_the_way(result, tmp_path, monkeypatch, capsys):
    import shutil

    def copy(source, target, whole=shutil.copy2):
        if source.name == "9.jpg":
            raise OSError("no space left")
        return whole(source, target)

    monkeypatch.setattr(shutil, "copy2", copy)
    arguments = ["assign", result / "out/model", result / "photos/cat", "--output", tmp_path / "o"]
    assert run(*arguments, "--export", "copy") == 1
    assert "no space left" in capsys.readouterr().err
    assert sorted(path.name for path in (tmp_path / "o").iterdir()) == ["cache", "labels.csv"]


def test_images_sorted_into_the_folder_are_not_clustered_again(result, tmp_path, capsys):
    import shutil

    photos = shutil.copytree(result / "photos/cat", tmp_path / "photos")
    (tmp_path / "link").symlink_to(photos)
    command = ["assign", result / "out/model"]
    export = ["--output", photos / "out", "--export", "copy"]
    assert run(*command, photos, *export) == 0
    assert len([*photos.rglob("*.jpg")]) == 20
    output = ["--output", tmp_path / "o"]
    for given in (photos, tmp_path / "link", f"{photos}/../photos"):
        assert run_json(capsys, *command, given, *output)["n_pictures"] == 10
    assert run(*command, photos, *output) == 0
    assert "10 images that earlier runs exported into" in capsys.readouterr().err
    features = ["--output", tmp_path / "f.npz", "--image-size", 32]
    assert run_json(capsys, "embed", photos, *features)["n_pictures"] == 10
    # But they are if one names them.
    for path in photos.glob("*.jpg"):
        path.unlink()
    assert run_json(capsys, *command, photos / "out/clusters", *output)["n_pictures"] == 10
    assert run(*command, photos, *output) == 1
    assert f"Name one of these folders: {str(photos / 'out/clusters')!r}" in capsys.readouterr().err


def test_a_file_of_ones_own_named_as_the_record_hides_no_images(result, tmp_path, capsys):
    import shutil

    photos = tmp_path / "photos"
    shutil.copytree(result / "photos/cat", photos / "2020/jan")
    for text in ("camera,date\nX100,2020-01-03\n", ""):
        (photos / "2020/exported.csv").write_text(text)
        arguments = [photos, "--output", tmp_path / "f.npz", "--image-size", 32]
        assert run_json(capsys, "embed", *arguments)["n_pictures"] == 10


def test_an_interrupted_move_is_undone_and_the_same_command_goes_on(
    result, tmp_path, monkeypatch, capsys
):
    import shutil

    photos = shutil.copytree(result / "photos/cat", tmp_path / "photos")
    before = sorted(photos.iterdir())
    arguments = ["assign", result / "out/model", photos, "--output", tmp_path / "o"]
    arguments += ["--export", "move"]

    def move(source, target, move=shutil.move):
        if source == before[4]:
            raise KeyboardInterrupt
        move(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "move", move)
        assert run(*arguments) == 130
    assert "the same command goes on" in capsys.readouterr().err
    assert sorted(photos.iterdir()) == before
    assert run(*arguments) == 0
    assert not [*photos.iterdir()]
    moved = {
        row["path"]: row["exported"] for row in read_table(tmp_path / "o/clusters/exported.csv")
    }
    assert [*moved] == [row["path"] for row in read_table(tmp_path / "o/labels.csv")]
    assert all((tmp_path / "o/clusters" / place).is_file() for place in moved.values())
    assert run(*arguments) == 1
    assert "emove it" not in capsys.readouterr().err


def test_the_same_command_goes_on_after_an_interruption(result, tmp_path, monkeypatch, capsys):
    from skdeepcluster.backbones._onnx import OnnxEngine

    embedded = []
    engine_call = OnnxEngine.__call__

    def count(engine, pixels):
        if len(embedded) == 1:
            raise KeyboardInterrupt
        embedded.append(len(pixels))
        return engine_call(engine, pixels)

    monkeypatch.setattr(OnnxEngine, "__call__", count)
    arguments = ["cluster", result / "photos", "--n-clusters", 4, "--image-size", 64]
    arguments += ["--output", tmp_path / "o"]
    assert run(*arguments) == 130
    told = capsys.readouterr().err.rstrip("\n").split("\n")[-1]
    assert f"kept in {str(tmp_path / 'o/cache')!r}: the same command goes on" in told
    assert [path.name for path in (tmp_path / "o").iterdir()] == ["cache"]
    first = embedded.pop()
    embedded += [0, 0]
    assert run(*arguments) == 0
    assert first + sum(embedded) == 40
    assert 0 < first < 40
    assert read_table(tmp_path / "o/labels.csv") == read_table(result / "out/labels.csv")


def test_embed(result, tmp_path, capsys):
    arguments = [result / "photos", "--output", tmp_path / "f.npz", "--image-size", 64]
    data = run_json(capsys, "embed", *arguments)
    assert (data["n_pictures"], data["n_features"]) == (41, 1280)
    assert data["skipped"] == [str(result / "photos/broken.jpg")]
    with np.load(data["files"]["features"]) as stored:
        assert stored["features"].shape == (41, 1280)
        unread = np.isnan(stored["features"]).any(axis=1)
        assert stored["paths"][unread].tolist() == data["skipped"]


def test_one_long_path_does_not_blow_up_the_features(result, tmp_path, monkeypatch, capsys):
    import shutil

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


@needs_report
def test_report_beside_the_labels_and_alone(result, tmp_path, capsys):
    model, photos = result / "out/model", result / "photos"
    data = run_json(capsys, "assign", model, photos, "--output", tmp_path / "o", "--report")
    assert data["files"]["report"] == str(tmp_path / "o/report.html")
    assert "cat/3.jpg" in (tmp_path / "o/report.html").read_text(encoding="utf-8")
    arguments = [model, photos, "--output", tmp_path / "page.html", "--max-megabytes", "0.5"]
    data = run_json(capsys, "report", *arguments, "--all-pictures")
    assert (data["n_pictures"], data["n_clusters"]) == (41, 4)
    assert 10_000 < (tmp_path / "page.html").stat().st_size <= 600_000
    assert data["files"]["pictures"] == str(tmp_path / "page_pictures")
    assert len([*(tmp_path / "page_pictures").glob("*.webp")]) == 40


@needs_report
def test_a_report_that_fails_keeps_nothing_else_from_being_done(
    result, tmp_path, monkeypatch, capsys
):
    import skdeepcluster.report

    def fail(*_):
        raise OSError("no space left")

    monkeypatch.setattr(skdeepcluster.report, "write_report", fail)
    arguments = [result / "out/model", result / "photos/cat", "--output", tmp_path / "o"]
    assert run("assign", *arguments, "--report", "--export", "copy", "--json") == 0
    printed = capsys.readouterr()
    assert "The report was not written" in printed.err and "no space left" in printed.err
    assert set(json.loads(printed.out)["files"]) == {"labels", "export", "cache"}
    assert len([*(tmp_path / "o/clusters").rglob("*.jpg")]) == 10


@needs_report
def test_report_takes_the_features_of_assign(result, tmp_path, monkeypatch):
    from skdeepcluster.backbones._onnx import OnnxEngine

    arguments = [result / "out/model", result / "photos/cat"]
    assert run("assign", *arguments, "--output", tmp_path / "o") == 0
    monkeypatch.setattr(OnnxEngine, "__call__", lambda *_: pytest.fail("embedded again"))
    page = tmp_path / "page.html"
    assert run("report", *arguments, "--memory", tmp_path / "o/cache", "--output", page) == 0
    assert "3.jpg" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("command", ["cluster", "assign", "report"])
def test_a_missing_jinja2_is_told_before_the_work(result, tmp_path, monkeypatch, capsys, command):
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    output = ["--output", tmp_path / "o"]
    arguments = {
        "cluster": [result / "photos", "--n-clusters", 4, *output, "--report"],
        "assign": [result / "out/model", result / "photos", *output, "--report"],
        "report": [result / "out/model", result / "photos", *output],
    }
    assert run(command, *arguments[command]) == 1
    assert 'pip install "skdeepcluster[report]"' in capsys.readouterr().err
    assert not (tmp_path / "o").exists()


GRAPHS = [
    {
        "image_id": "snow.jpg",
        "objects": [{"label": "dog"}, {"label": "snow"}],
        "relations": [[0, "in", 1]],
        "captions": ["a dog plays in snow", {"text": "a dog in white snow", "triples": []}],
    },
    {
        "image_id": "horse.jpg",
        "objects": [{"label": "man"}, {"label": "horse"}],
        "relations": [[0, "riding", 1]],
        "captions": ["a man riding a horse", "somebody beside a horse"],
    },
    {"image_id": "tree.jpg", "objects": [{"label": "tree"}], "relations": []},
]


@pytest.fixture
def graphs(tmp_path):
    path = tmp_path / "graphs.jsonl"
    path.write_text("\n".join(map(json.dumps, GRAPHS)), encoding="utf-8")
    return path


def test_retrieve(graphs, tmp_path, monkeypatch, capsys):
    pytest.importorskip("spacy")
    # Vectors of the words are learned at once, where the sentence encoder takes long to load.
    monkeypatch.setattr("skdeepcluster.scenegraph.retrieval._retriever.has_minilm", lambda: False)
    queries = ["a man riding a horse", "the dog"]
    data = run_json(capsys, "retrieve", graphs, *queries, "-k", 2, "--explain")
    assert (data["n_pictures"], data["n_training_pictures"]) == (3, 2)
    assert data["word_vectors"] == "pairs"
    assert [query["query"] for query in data["queries"]] == queries
    first, second = (query["results"] for query in data["queries"])
    assert [first[0]["image_id"], second[0]["image_id"]] == ["horse.jpg", "snow.jpg"]
    assert len(first) == 2
    assert first[0]["similarity"] >= first[1]["similarity"]
    words = {match["word"]: match["label"] for match in first[0]["words"]}
    assert (words["man"], words["horse"]) == ("man", "horse")
    assert first[0]["triples"][0]["matched"] == ["man", "riding", "horse"]
    # Others to learn from, and no more images than there are.
    (tmp_path / "more.jsonl").write_text(json.dumps(GRAPHS[2]), encoding="utf-8")
    assert run("retrieve", tmp_path / "more.jsonl", "a horse", "--train", graphs) == 0
    assert re.fullmatch(r"a horse\n   1  -?0\.\d{3}  tree\.jpg\n", capsys.readouterr().out)


def test_retrieve_with_a_model_that_is_kept(graphs, tmp_path, monkeypatch, capsys):
    pytest.importorskip("spacy")
    monkeypatch.setattr("skdeepcluster.scenegraph.retrieval._retriever.has_minilm", lambda: False)
    search = ("retrieve", graphs, "a man riding a horse", "--model", tmp_path / "model")
    learned = run_json(capsys, *search)
    again = run_json(capsys, *search)
    assert (learned["n_training_pictures"], again["n_training_pictures"]) == (2, None)
    first, second = (data["queries"][0]["results"] for data in (learned, again))
    assert [result["image_id"] for result in first] == [result["image_id"] for result in second]
    for before, after in zip(first, second, strict=True):
        assert after["similarity"] == pytest.approx(before["similarity"], abs=1e-5)
    assert run(*search, "--train", graphs) == 1
    assert "leave --train out" in capsys.readouterr().err


def test_backbones(capsys):
    assert run("backbones") == 0
    assert "efficientnet_lite0" in capsys.readouterr().out
    first = run_json(capsys, "backbones")["backbones"][0]
    assert first["name"] == "efficientnet_lite0"
    assert (first["n_features"], first["download"]) == (1280, False)


def test_a_process_prints_json_alone_and_takes_any_file_name(snapshots, tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    names = ["\udcff\udce9.png", "\u65e5\u672c.png", "two\nlines.png", "a 'b' <c>.png"]
    for name, image in zip(names, snapshots[0][::10], strict=True):
        Image.fromarray(image).save(tmp_path / "x.png")
        (tmp_path / "x.png").rename(folder / name)
    arguments = ["cluster", folder, "--n-clusters", 2, "--image-size", 32, "--export", "symlink"]
    process = start(*arguments, "--output", tmp_path / "o", "--json")
    out, err = process.communicate()
    assert process.returncode == 0, err
    data = json.loads(out)
    assert b"embedding" in err
    assert {c["representative"] for c in data["clusters"]} <= {str(folder / n) for n in names}
    assert sorted(path.name for path in (tmp_path / "o/clusters").rglob("*.png")) == sorted(names)
    # The names of the table are the bytes of the file system.
    table = (tmp_path / "o/labels.csv").read_bytes()
    assert b"\xff\xe9.png" in table


@pytest.mark.skipif(sys.platform == "win32", reason="pipes end otherwise on Windows")
def test_a_reader_that_leaves_causes_no_traceback():
    process = start("backbones")
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["cluster", "nowhere", "--n-clusters", "3", "--output", "o"], "no folder"),
        (["cluster", "{photos}", "--n-clusters", "99", "--output", "o"], "n_samples=41"),
        (["cluster", "{photos}", "--n-clusters", "0", "--output", "o"], "n_clusters"),
        (
            ["cluster", "{photos}", "--n-clusters", "4", "--output", "o", "--backbone", "x"],
            "no backbone 'x'",
        ),
        (["assign", "nowhere", "{photos}", "--output", "o"], "no saved"),
        (["embed", "{photos}", "--output", "nowhere/f.npz"], "no folder"),
        (["retrieve", "nowhere.jsonl", "a dog"], "nowhere.jsonl"),
        (["retrieve", "nowhere.jsonl", "a dog", "-k", "0"], "-k must be 1"),
    ],
)
def test_errors_are_one_line(result, tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert main([a.format(photos=result / "photos") for a in arguments]) == 1
    last = capsys.readouterr().err.rstrip("\n").split("\n")[-1]
    assert last.startswith("skdeepcluster: error: ")
    assert message in last
    # Features may have been kept.
    assert not [path for path in tmp_path.glob("o/*") if path.name != "cache"]


def test_graphs_without_captions_are_told(tmp_path, capsys):
    (tmp_path / "g.jsonl").write_text(json.dumps(GRAPHS[2]), encoding="utf-8")
    assert run("retrieve", tmp_path / "g.jsonl", "a tree") == 1
    assert "no captions to learn from" in capsys.readouterr().err
    (tmp_path / "g.jsonl").write_text("{}", encoding="utf-8")
    assert run("retrieve", tmp_path / "g.jsonl", "a tree") == 1
    assert "Line 1 of" in capsys.readouterr().err


def test_a_damaged_model_is_told(result, tmp_path, capsys):
    import shutil

    model = shutil.copytree(result / "out/model", tmp_path / "model")
    tensors = model / "tensors.safetensors"
    tensors.write_bytes(tensors.read_bytes()[:1000])
    arguments = ["assign", model, result / "photos", "--output", tmp_path / "o"]
    assert run(*arguments) == 1
    assert f"{str(model)!r} is damaged" in capsys.readouterr().err
    for content in ("{", "[]", '{"format": 1}'):
        shutil.rmtree(model)
        shutil.copytree(result / "out/model", model)
        (model / "config.json").write_text(content, encoding="utf-8")
        assert run(*arguments) == 1
        told = capsys.readouterr().err
        assert str(model) in told and "is damaged" in told


def test_an_export_in_the_way_is_found_before_the_work(result, capsys):
    arguments = ["cluster", result / "photos", "--n-clusters", 4, "--output", result / "out"]
    assert run(*arguments, "--export", "copy") == 1
    assert "exists already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["cluster"], "required"),
        (["cluster", "photos", "--n-clusters", "x", "--output", "o"], "'x' is neither a number"),
        (["assign", "m", "photos", "--output", "o", "--export", "zip"], "invalid choice"),
    ],
)
def test_usage_errors_leave_with_status_two(capsys, arguments, message):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "command", ["cluster", "assign", "report", "embed", "retrieve", "backbones", None]
)
def test_help_has_an_example(capsys, command):
    with pytest.raises(SystemExit) as caught:
        main(["--help"] if command is None else [command, "--help"])
    assert caught.value.code == 0
    told = capsys.readouterr().out
    assert f"\n  skdeepcluster {command or 'cluster'}" in told.partition("example")[2]
    assert ("exit status" if command is None else "JSON:") in told


def test_a_model_folder_of_others_is_refused_before_the_work(result, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("skdeepcluster.DeepImageClusterer.fit", lambda *_: pytest.fail("fitted"))
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "notes.txt").write_text("mine")
    assert run("cluster", result / "photos", "--n-clusters", 4, "--output", tmp_path) == 1
    assert "holds other files" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["assign", "{model}", "{photos}", "--output", "file"], "Nothing can be written to 'file'"),
        (["assign", "{model}", "{photos}", "--output", "folder"], "labels.csv' is a folder"),
        (["embed", "{photos}", "--output", "folder"], "'folder' is a folder"),
        (["embed", "{photos}", "--output", "read-only/f.npz"], "Nothing can be written to"),
        (["report", "{model}", "{photos}", "--output", "read-only/f.html"], "Nothing can be"),
        (["cluster", "{photos}", "--n-clusters", "4", "--output", "read-only"], "Nothing can be"),
    ],
)
def test_outputs_that_cannot_be_are_refused_before_the_work(
    result, tmp_path, monkeypatch, capsys, arguments, message
):
    pytest.importorskip("jinja2")
    import tempfile

    def write(*, dir, write=tempfile.NamedTemporaryFile, **options):
        if Path(dir).name == "read-only":
            raise PermissionError(13, "Permission denied")
        return write(dir=dir, **options)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "NamedTemporaryFile", write)
    monkeypatch.setattr(
        "skdeepcluster.embedding.ImageEmbedder.transform", lambda *_: pytest.fail("embedded")
    )
    (tmp_path / "file").touch()
    (tmp_path / "read-only").mkdir()
    (tmp_path / "folder/labels.csv").mkdir(parents=True)
    known = {"model": result / "out/model", "photos": result / "photos"}
    assert main([argument.format(**known) for argument in arguments]) == 1
    assert message in capsys.readouterr().err


def test_a_model_folder_may_be_a_link(result, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "o").mkdir()
    (tmp_path / "o/model").symlink_to(tmp_path / "elsewhere")
    arguments = ["cluster", result / "photos/cat", "--n-clusters", 2, "--image-size", 64]
    assert run(*arguments, "--output", tmp_path / "o", "--memory", result / "out/cache") == 0
    assert sorted(path.name for path in (tmp_path / "elsewhere").iterdir()) == [
        "config.json",
        "tensors.safetensors",
    ]


def test_a_file_of_another_kind_is_refused(tmp_path, capsys):
    (tmp_path / "photos.tar.gz").write_bytes(b"")
    assert (
        run("cluster", tmp_path / "photos.tar.gz", "--n-clusters", 2, "--output", tmp_path / "out")
        == 1
    )
    told = capsys.readouterr().err
    assert "ends in .parquet or .tar" in told
    assert "list" not in told


def test_names_do_not_command_the_terminal(result, tmp_path, capsys):
    # In a tar file names may be what no disk allows.
    whole = next((result / "photos" / "cat").iterdir())
    with tarfile.open(tmp_path / "photos.tar", "w") as tar:
        tar.add(whole, "whole.jpg")
        tar.add(result / "photos" / "broken.jpg", "\x1b]0;owned\x07x.jpg")
    features = tmp_path / "features.npz"
    assert run("embed", tmp_path / "photos.tar", "--image-size", 32, "--output", features) == 0
    told = capsys.readouterr()
    assert "\\x1b]0;owned\\x07x.jpg" in told.err
    assert "\x1b" not in told.err + told.out
