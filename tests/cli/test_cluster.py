import pytest

from ._command import read_table, run, run_json


def test_cluster_writes_table_model_and_folders(result):
    rows = read_table(result / "out" / "labels.csv")
    assert len(rows) == 41
    unreadable = [row for row in rows if row["label"] == "-1"]
    assert [row["path"].endswith("broken.jpg") for row in unreadable] == [True]
    assert unreadable[0]["probability"] == ""
    assert all(0 <= float(row["probability"]) <= 1 for row in rows if row["label"] != "-1")
    *folders, record = sorted((result / "out" / "clusters").iterdir())
    named = {row["label"]: row["name"] for row in rows if row["label"] != "-1"}
    assert any("cat" in name for name in named.values()) and "espresso" in named.values()
    assert unreadable[0]["name"] == ""
    # One that has no name is called by its number.
    assert [folder.name for folder in folders] == [
        label if name == f"cluster {label}" else f"{label}-{name}"
        for label, name in sorted(named.items())
    ]
    # Files of one name from several folders all arrive.
    assert sum(len(list(folder.iterdir())) for folder in folders) == 40
    assert [row["path"] for row in read_table(record)] == [
        row["path"] for row in rows if row["label"] != "-1"
    ]


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


def test_an_export_in_the_way_is_found_before_the_work(result, capsys):
    arguments = ["cluster", result / "photos", "--n-clusters", 4, "--output", result / "out"]
    assert run(*arguments, "--export", "copy") == 1
    assert "already exists" in capsys.readouterr().err


def test_a_model_folder_of_others_is_refused_before_the_work(result, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("skdeepcluster.DeepImageClusterer.fit", lambda *_: pytest.fail("fitted"))
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "notes.txt").write_text("mine")
    assert run("cluster", result / "photos", "--n-clusters", 4, "--output", tmp_path) == 1
    assert "holds other files" in capsys.readouterr().err


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
