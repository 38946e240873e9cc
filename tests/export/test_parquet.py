import numpy as np
import pytest

from skdeepcluster import list_images, write_parquet

pytest.importorskip("pyarrow", reason="pyarrow is not installed")
parquet = pytest.importorskip("pyarrow.parquet")


@pytest.fixture
def results(photo_folder):
    paths = list_images(photo_folder)
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet([1, 1, 1], 40).astype(np.float32)
    labels = probabilities.argmax(axis=1)
    features = rng.normal(size=(40, 8)).astype(np.float32)
    # An image that was skipped.
    labels[7], probabilities[7], features[7] = -1, np.nan, np.nan
    return paths, {"labels": labels, "probabilities": probabilities, "features": features}


def test_a_table_of_everything(results, tmp_path, monkeypatch):
    monkeypatch.setattr("skdeepcluster.export._parquet._ROWS_AT_A_TIME", 16)
    paths, given = results
    for _ in range(2):
        write_parquet(tmp_path / "r.parquet", paths, **given)
    read = parquet.read_table(tmp_path / "r.parquet").to_pydict()
    assert list(read) == ["path", "label", "probabilities", "probability", "features"]
    assert read["path"] == [str(path) for path in paths]
    assert read["label"] == given["labels"].tolist()
    assert read["features"][7] is read["probabilities"][7] is read["probability"][7] is None
    for name in ("features", "probabilities"):
        kept = [row for number, row in enumerate(read[name]) if number != 7]
        np.testing.assert_array_equal(kept, np.delete(given[name], 7, axis=0))
    assert read["probability"][3] == given["probabilities"][3].max()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos", "r.parquet"]


def test_names_of_clusters(results, tmp_path):
    paths, given = results
    labels, names = given["labels"], ["dog", "cat", "cluster 2"]
    write_parquet(tmp_path / "r.parquet", paths, labels=labels, names=names)
    read = parquet.read_table(tmp_path / "r.parquet").to_pydict()
    assert read["name"] == [None if label < 0 else names[label] for label in labels]
    with pytest.raises(ValueError, match="2 names, and none for the label 2"):
        write_parquet(tmp_path / "r.parquet", paths, labels=labels, names=names[:2])
    with pytest.raises(ValueError, match="names needs labels"):
        write_parquet(tmp_path / "r.parquet", paths, names=names)


def test_outlier_scores(results, tmp_path):
    paths, _ = results
    scores = np.linspace(0, 1, 40)
    scores[7] = np.nan
    write_parquet(tmp_path / "r.parquet", paths, outlier_scores=scores)
    table = parquet.read_table(tmp_path / "r.parquet")
    assert table.schema.field("outlier_score").type == "float"
    expected = [None if np.isnan(score) else np.float32(score) for score in scores]
    assert table["outlier_score"].to_pylist() == expected
    with pytest.raises(ValueError, match="outlier_score must be 1-D"):
        write_parquet(tmp_path / "r.parquet", paths, outlier_scores=scores[:, None])


def test_a_folder_for_each_cluster(results, tmp_path):
    paths, given = results
    write_parquet(tmp_path / "table", paths, partition=True, **given)
    assert {path.name for path in (tmp_path / "table").iterdir()} == {
        f"label={label}" for label in (-1, 0, 1, 2)
    }
    read = parquet.read_table(tmp_path / "table").to_pydict()
    found = dict(zip(read["path"], read["label"], strict=True))
    assert [found[str(path)] for path in paths] == given["labels"].tolist()
    with pytest.raises(FileExistsError, match="table"):
        write_parquet(tmp_path / "table", paths, partition=True, **given)


def test_what_cannot_be_written(results, tmp_path):
    paths, given = results
    with pytest.raises(ValueError, match="label has 40 rows for 39"):
        write_parquet(tmp_path / "r.parquet", paths[:39], labels=given["labels"])
    with pytest.raises(ValueError, match="needs labels"):
        write_parquet(tmp_path / "r", paths, partition=True)
    with pytest.raises(ValueError, match="not their features"):
        write_parquet(tmp_path / "r.parquet", given["features"])
    with pytest.raises(ValueError, match="probabilities must be 2-D, not 1-D"):
        write_parquet(tmp_path / "r.parquet", paths, probabilities=np.ones(40))
    with pytest.raises(ValueError, match="label must be 1-D, not 2-D"):
        write_parquet(tmp_path / "r.parquet", paths, labels=np.ones((40, 1)))
    with pytest.raises(IsADirectoryError, match="Name a file"):
        write_parquet(tmp_path, paths, labels=given["labels"])
    assert not list(tmp_path.glob("*r*parquet*"))


def test_more_clusters_than_pyarrow_takes_by_itself(tmp_path):
    paths = [f"{number}.png" for number in range(1100)]
    write_parquet(tmp_path / "table", paths, labels=range(1100), partition=True)
    assert len(list((tmp_path / "table").iterdir())) == 1100
