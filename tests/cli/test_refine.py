"""Corrections in the command, with what it writes."""

import json
import shutil

import numpy as np
import pytest

from skdeepcluster import DeepImageClusterer
from skdeepcluster.cluster import partition_of
from skdeepcluster.corrections import result_digest

from ._command import read_table, run, run_json


@pytest.fixture(scope="module")
def corrections(result, tmp_path_factory):
    """Make a file of corrections of the result."""
    partition = partition_of(DeepImageClusterer.load(result / "out/model"))

    def write(**given):
        content = {
            "format": "skdeepcluster corrections",
            "version": 1,
            "result": result_digest(partition),
            "n_images": 41,
            "n_clusters": 4,
            "names": {},
            "merged": [],
            "split": {},
            "moved": {},
            "not_in": {},
            "together": [],
            **given,
        }
        path = tmp_path_factory.mktemp("corrections") / "corrections.json"
        path.write_text(json.dumps(content))
        return path

    return write


def table_of(folder):
    rows = read_table(folder / "labels.csv")
    return {row["path"]: (int(row["label"]), row["name"]) for row in rows}


def largest_of(folder):
    """Label of the largest cluster, as the command takes it."""
    labels = [label for label, _ in table_of(folder).values() if label >= 0]
    return str(np.bincount(labels).argmax())


def test_names_and_merged_clusters_need_no_fit(result, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("skdeepcluster.DeepImageClusterer.fit", lambda *_, **__: pytest.fail("fit"))
    before = table_of(result / "out")
    arguments = ["refine", result / "out", "--rename", "2=a/b", "--merge", "2,0"]
    data = run_json(capsys, *arguments, "--output", tmp_path / "new", "--export", "copy")
    assert data["renumbered"] == [{"from": 3, "to": 0}]
    after = table_of(tmp_path / "new")
    now = {-1: -1, 0: 2, 1: 1, 2: 2, 3: 0}
    assert {path: label for path, (label, _) in after.items()} == {
        path: now[label] for path, (label, _) in before.items()
    }
    assert {name for label, name in after.values() if label == 2} == {"a/b"}
    assert [cluster["name"] for cluster in data["clusters"]][2] == "a/b"
    folders = {path.name for path in (tmp_path / "new/clusters").iterdir() if path.is_dir()}
    assert "2-a b" in folders and len(folders) == 3
    # What assigns new images has the names and numbers, too.
    arguments = ["assign", tmp_path / "new/model", result / "photos", "--output", tmp_path / "o"]
    assert run(*arguments) == 0
    assert table_of(tmp_path / "o") == after
    assert "cluster 3 is cluster 0 now" not in capsys.readouterr().out


def test_what_was_corrected_stays_corrected(result, corrections, tmp_path, capsys):
    before = table_of(result / "out")
    by_label = {
        label: [path for path, of in before.items() if of[0] == label] for label in range(4)
    }
    # How large they are depends a little on the processor.
    one, two = sorted(by_label, key=lambda label: -len(by_label[label]))[:2]
    moved = {by_label[one][0]: two, by_label[one][1]: two, by_label[two][0]: 4}
    apart, pair = by_label[one][2], [by_label[two][1], by_label[one][3]]
    file = corrections(
        moved=moved, not_in={apart: [one]}, together=[pair], names={str(two): "mine", "4": "new"}
    )
    arguments = ["refine", result / "out", file, "--output", tmp_path / "new"]
    data = run_json(capsys, *arguments)
    after = table_of(tmp_path / "new")
    assert {path: after[path][0] for path in moved} == moved
    assert after[apart][0] != one and after[pair[0]][0] == after[pair[1]][0]
    assert data["renumbered"] == [] and data["n_clusters"] == 5
    names = [cluster["name"] for cluster in data["clusters"]]
    kept = {label: name for label, name in before.values() if label >= 0} | {two: "mine"}
    assert names == [*(kept[label] for label in range(4)), "new"]
    # Most of the others are where they were.
    others = [path for path in before if path not in {*moved, apart, *pair}]
    assert np.mean([before[path][0] == after[path][0] for path in others]) > 0.7
    # The model says the same, and can be refined again.
    est = DeepImageClusterer.load(tmp_path / "new/model")
    assert est.labels_.tolist() == [label for label, _ in after.values()]
    assert (est.init, est.n_clusters, est.image_size) == ("consensus", 5, 64)
    arguments = ["refine", tmp_path / "new", "--rename", "4=newer", "--output", tmp_path / "newer"]
    assert run(*arguments) == 0
    assert {name for label, name in table_of(tmp_path / "newer").values() if label == 4} == {
        "newer"
    }
    # Corrections of one result are not those of another.
    capsys.readouterr()
    assert run("refine", tmp_path / "new", file, "--output", tmp_path / "o") == 1
    assert "of another result" in capsys.readouterr().err


def test_what_a_split_makes_new_is_named(result, tmp_path, capsys):
    # Both parts show what the cluster shows, and the larger one has been named by hand.
    before = {label: name for label, name in table_of(result / "out").values() if label >= 0}
    label = next(label for label, name in before.items() if name == "espresso")
    arguments = ["refine", result / "out", "--split", label, "--rename", f"{label}=my cup"]
    data = run_json(capsys, *arguments, "--output", tmp_path / "new")
    names = [cluster["name"] for cluster in data["clusters"]]
    assert names[label] == "my cup"
    assert [names[other] for other in before if other != label] == [
        name for other, name in before.items() if other != label
    ]
    assert len(names) == 5 and names[4] != "cluster 4"
    # A name that is given is not replaced.
    arguments = ["refine", result / "out", "--split", label, "--move"]
    path = next(path for path, of in table_of(result / "out").items() if of[0] == label)
    data = run_json(
        capsys, *arguments, f"{path}=4", "--rename", "4=mine", "--output", tmp_path / "n"
    )
    assert [cluster["name"] for cluster in data["clusters"]][4] == "mine"


def test_features_are_taken_from_the_cache(result, tmp_path, monkeypatch, capsys):
    from skdeepcluster.backbones._onnx import OnnxEngine

    arguments = ["refine", result / "out", "--split", "0", "--output", tmp_path / "new"]
    with monkeypatch.context() as patch:
        patch.setattr(OnnxEngine, "__call__", lambda *_: pytest.fail("embedded again"))
        data = run_json(capsys, *arguments)
    assert data["n_clusters"] == 5 and data["files"]["cache"] == str(result / "out/cache")
    # A result without its cache.
    shutil.copytree(result / "out/model", tmp_path / "bare/model")
    capsys.readouterr()
    assert run("refine", tmp_path / "bare", "--split", "0", "--output", tmp_path / "o") == 0
    printed = capsys.readouterr().err
    assert f"no features in {str(tmp_path / 'o/cache')!r}: the images are read again" in printed
    assert table_of(tmp_path / "o").keys() == table_of(tmp_path / "new").keys()


def test_the_report_and_the_format_are_those_of_the_result(result, tmp_path):
    pytest.importorskip("jinja2")
    pytest.importorskip("pyarrow")
    folder = tmp_path / "result"
    shutil.copytree(result / "out/model", folder / "model")
    (folder / "report.html").touch()
    (folder / "labels.parquet").touch()
    assert run("refine", folder, "--rename", "1=x", "--output", tmp_path / "new") == 0
    written = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert written == ["flaws.csv", "labels.parquet", "model", "report.html"]
    assert ">x<" in (tmp_path / "new/report.html").read_text() or '"x"' in (
        tmp_path / "new/report.html"
    ).read_text(encoding="utf-8")


def test_a_result_is_renewed_in_place_and_what_is_not_is_told(result, tmp_path, capsys):
    folder = shutil.copytree(result / "out", tmp_path / "out")
    assert run("refine", folder, "--merge", "0,1", "--output", folder) == 0
    printed = capsys.readouterr()
    assert "cluster 3 is cluster 1 now" in printed.out
    assert (
        f"{folder / 'clusters'}: written before, of images and clusters as they were" in printed.err
    )
    assert max(label for label, _ in table_of(folder).values()) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--merge", "0,9"], "name cluster 9 (merged)"),
        (["--move", "other.jpg=1"], "name 'other.jpg', which is none of the images"),
        (["--split", "7"], "name cluster 7 (split)"),
        (["none.json"], "none.json"),
    ],
)
def test_errors_come_before_the_work(result, tmp_path, capsys, monkeypatch, arguments, message):
    monkeypatch.setattr("skdeepcluster.DeepImageClusterer.fit", lambda *_, **__: pytest.fail("fit"))
    assert run("refine", result / "out", *arguments, "--output", tmp_path / "o") == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "there is nothing to correct"),
        (["--rename", "dogs"], "'dogs' is not LABEL=NAME, such as 3=dogs"),
        (["--move", "a.jpg"], "'a.jpg' is not PATH=LABEL, such as photos/a.jpg=3"),
        (["--merge", "1"], "'1' are not two labels or more"),
    ],
)
def test_wrong_usage(result, tmp_path, capsys, arguments, message):
    with pytest.raises(SystemExit) as exit_:
        run("refine", result / "out", *arguments, "--output", tmp_path / "o")
    assert exit_.value.code == 2 and message in capsys.readouterr().err


def test_images_that_are_gone_are_told(result, tmp_path, capsys):
    photos = shutil.copytree(result / "photos", tmp_path / "photos")
    arguments = ["cluster", photos / "cat", "--n-clusters", 2, "--image-size", 64, "--views", 0]
    assert run(*arguments, "--output", tmp_path / "out") == 0
    (photos / "cat/3.jpg").unlink()
    new = tmp_path / "new"
    split = ["--split", largest_of(tmp_path / "out")]
    assert run("refine", tmp_path / "out", *split, "--output", new) == 1
    assert (
        "1 of the images of the result are not where they were, such as" in capsys.readouterr().err
    )
    # Names need no images.
    assert run("refine", tmp_path / "out", "--rename", "0=x", "--output", new) == 0


def test_images_in_one_file_are_named(result, tmp_path, capsys):
    import tarfile

    with tarfile.open(tmp_path / "cats.tar", "w") as archive:
        for path in sorted((result / "photos/cat").iterdir()):
            archive.add(path, path.name)
    tar = tmp_path / "cats.tar"
    arguments = ["cluster", tar, "--n-clusters", 2, "--image-size", 64, "--views", 0]
    assert run(*arguments, "--output", tmp_path / "out") == 0
    split = ["--split", largest_of(tmp_path / "out")]
    arguments = ["refine", tmp_path / "out", *split, "--output", tmp_path / "new"]
    capsys.readouterr()
    assert run(*arguments) == 1
    assert "as --images" in capsys.readouterr().err
    assert run(*arguments, "--images", tar) == 0
    assert len({label for label, _ in table_of(tmp_path / "new").values()}) == 3
