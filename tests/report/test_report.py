import json
import os
import re
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from sklearn.exceptions import NotFittedError

from skdeepcluster import DeepImageClusterer
from skdeepcluster.cluster import partition_of
from skdeepcluster.report import _assessment, write_report
from skdeepcluster.report import _report as report
from skdeepcluster.report._writing import MARKER

from .conftest import colors_of

pytest.importorskip("jinja2", reason="reports need jinja2")


def block(page, name):
    """One of the JSON blocks in a page."""
    text = page.read_text(encoding="utf-8")
    pattern = f'<script type="application/json" id="{name}">(.*?)</script>'
    return json.loads(re.search(pattern, text, re.DOTALL)[1])


def test_the_data_are_those_of_the_estimator(clustering, tmp_path):
    paths, est = clustering
    page = write_report(est.set_cluster_names({1: "second"}), paths, tmp_path / "page.html")
    assert page == tmp_path / "page.html"
    data = block(page, "data")
    assert [data["root"] + name for name in data["names"]] == [str(path) for path in paths]
    assert data["labels"] == est.labels_.tolist()
    probabilities = est.probabilities_.max(axis=1)
    np.testing.assert_allclose(np.array(data["probabilities"]) / 1e4, probabilities, atol=6e-5)
    np.testing.assert_allclose(np.array(data["outliers"]) / 1e3, est.outlier_scores_, atol=6e-4)
    assert data["seconds"] == np.argsort(est.probabilities_, axis=1)[:, -2].tolist()
    info = est.cluster_info()
    sizes = [cluster["size"] for cluster in data["clusters"]]
    assert sizes == sorted(info["size"], reverse=True)
    for cluster in data["clusters"]:
        row = info.loc[cluster["label"]]
        assert cluster["confidence"] == pytest.approx(row["probability"], abs=1e-4)
        first = est.representative_indices_[cluster["label"]][0]
        assert cluster["typical"][0] == first
    assert data["cluster_names"] == [None, "second", None]
    x, y = np.array(data["x"]), np.array(data["y"])
    assert min(x.min(), y.min()) == 0 and max(x.max(), y.max()) == 4095
    assert len(block(page, "thumbnails")) == 12


def test_stability_is_the_mean_of_the_images_of_which_it_is_known(clustering, tmp_path):
    paths, est = clustering
    partition = partition_of(est)
    # As after an update: nothing is known of one image of the first cluster, and of the second.
    known = partition.labels.copy()
    known[np.flatnonzero(known == 0)[0]] = -1
    known[known == 1] = -1
    partitions = np.stack([known] * 2).astype(np.int16)
    est._partition = replace(partition, partitions=partitions)
    data = block(write_report(est, paths, tmp_path / "page.html"), "data")
    stability = {cluster["label"]: cluster["stability"] for cluster in data["clusters"]}
    assert stability == {0: 1, 1: None, 2: 1}
    np.testing.assert_array_equal(est.cluster_info()["stability"], [1, np.nan, 1])
    assert [of_node is None for of_node in data["tree"]["stability"]] == [False, True] + [False] * 3
    assert data["tree"]["stability"][0] == 1


def test_flaws_are_found_or_given(clustering, tmp_path):
    paths, est = clustering
    Image.new("RGB", (96, 72)).save(paths[3])
    page = write_report(est, paths, tmp_path / "page.html")
    data = block(page, "data")
    assert data["flaws"] == {"3": "blank"} and 3 in data["checks"]
    given = np.array([""] * 11 + ["mine"])
    data = block(write_report(est, paths, page, flaws=given), "data")
    assert data["flaws"] == {"11": "mine"} and 11 in data["checks"]
    with pytest.raises(ValueError, match="flaws is of 11 images, and there are 12"):
        write_report(est, paths, page, flaws=given[1:])


def test_all_names_are_there_where_only_some_clusters_have_images(
    clustering, tmp_path, monkeypatch
):
    paths, est = clustering
    est.set_cluster_names({0: "first", 2: "third"})
    of_one = [path for path, label in zip(paths, est.labels_.tolist(), strict=True) if label == 1]
    monkeypatch.setattr(est, "embedder_", object())
    monkeypatch.setattr(_assessment, "features_of", lambda _, source: colors_of(source.paths))
    data = block(write_report(est, of_one, tmp_path / "page.html"), "data")
    assert [cluster["label"] for cluster in data["clusters"]] == [1]
    assert data["cluster_names"] == ["first", None, "third"]
    assert set(data["seconds"]) <= {0, 2}


def test_the_second_choice_is_another_cluster_where_two_are_equally_likely(clustering, tmp_path):
    paths, est = clustering
    est._partition = replace(
        partition_of(est),
        probabilities=np.full((12, 3), [0.45, 0.45, 0.1], dtype=np.float32),
        labels=np.array([0, 1] * 6),
    )
    data = block(write_report(est, paths, tmp_path / "page.html"), "data")
    assert data["seconds"] == [1, 0] * 6


def test_the_bound_is_kept_and_the_page_is_repeatable(clustering, tmp_path):
    paths, est = clustering
    for wrong in (float("nan"), 0):
        with pytest.raises(ValueError, match="max_megabytes must be a positive number"):
            write_report(est, paths, tmp_path / "page.html", max_megabytes=wrong)
    # The list has its room, however little is left for thumbnails.
    page = write_report(est, paths, tmp_path / "page.html", max_megabytes=1e-5)
    assert len(block(page, "data")["names"]) == 12 and block(page, "thumbnails") == {}
    bare = page.stat().st_size
    write_report(est, paths, page, max_megabytes=float("inf"))
    unbounded = (page.stat().st_size - bare) / 1e6
    sizes = []
    for bound in (unbounded - 0.006, unbounded - 0.003, 20):
        write_report(est, paths, page, max_megabytes=bound)
        sizes.append(page.stat().st_size - bare)
        assert 0 < sizes[-1] <= bound * 1e6
    assert sizes == sorted(sizes) and sizes[0] < sizes[-1]
    before = page.read_bytes()
    assert write_report(est, paths, page).read_bytes() == before


def test_names_of_files_do_no_harm(clustering, tmp_path):
    paths, est = clustering
    names = [
        "<script>alert(1).jpg",
        "a'b\"c.jpg",
        "<!--.jpg",
        "two\nlines.jpg",
        os.fsdecode(b"latin-\xe9.jpg"),
        "&amp;.jpg",
        "line\u2028separator.jpg",
        "{{ 7 * 7 }}.jpg",
    ]
    # No file name holds a slash, but "<" and "/script>" may be of a folder and a file in it.
    (paths[0].parent / "x<").mkdir()
    names.append("x</script><script>alert(2)<.jpg")
    renamed = [paths[0].parent / name for name in names]
    renamed[-1].parent.mkdir(exist_ok=True)
    for path, target in zip(paths, renamed, strict=False):
        os.rename(path, target)
    images = [*renamed, *paths[len(renamed) :]]
    page = write_report(est, images, tmp_path / "page.html", title="</title><script>alert(3)")
    data = block(page, "data")
    assert [data["root"] + name for name in data["names"]] == [str(path) for path in images]
    html = page.read_text(encoding="utf-8")
    assert "alert(" in html and "<script>alert" not in html and "</script><script>alert" not in html
    assert html.count("<script") == 3
    assert "&lt;/title&gt;&lt;script&gt;alert(3)" in html


def test_images_that_were_skipped_are_listed(tmp_path, snapshots):
    for number, image in enumerate(snapshots[0][::4]):
        Image.fromarray(image).save(tmp_path / f"{number}.png")
    (tmp_path / "5.png").write_text("no image")
    paths = sorted(tmp_path.glob("*.png"))
    est = DeepImageClusterer(2, image_size=32, max_iter=1, on_error="skip", random_state=0)
    with pytest.warns(UserWarning, match=r"5\.png"):
        est.fit(paths)
    page = write_report(est, paths, tmp_path / "page.html")
    data = block(page, "data")
    for name in ("labels", "seconds", "probabilities", "outliers", "x", "y"):
        assert data[name][5] == -1 and data[name].count(-1) == 1, name
    assert "5" not in block(page, "thumbnails")
    assert "1 could not be read" in page.read_text()
    # Some of them, which are others than those of the fit.
    with pytest.warns(UserWarning, match=r"5\.png"):
        part = block(write_report(est, paths[3:7], page), "data")
    assert part["labels"] == est.labels_[3:7].tolist()


def test_images_beside_the_page(clustering, tmp_path):
    paths, est = clustering
    page = tmp_path / "my page.html"
    for _ in range(2):
        write_report(est, paths, page, all_pictures=True)
        folder = tmp_path / "my page_pictures"
        thumbnails = [f"{index:06}.webp" for index in range(12)]
        assert sorted(os.listdir(folder)) == [MARKER, *thumbnails]
    assert Image.open(folder / "000003.webp").size == (72, 72)
    assert block(page, "data")["folder"] == "my%20page_pictures/"
    (folder / "mine.txt").touch()
    with pytest.raises(FileExistsError, match=r"mine\.txt"):
        write_report(est, paths, page, all_pictures=True)
    assert sorted(os.listdir(tmp_path)) == ["dozen", page.name, folder.name]


def test_images_of_users_are_not_replaced(clustering, tmp_path, monkeypatch):
    paths, est = clustering
    monkeypatch.setattr(report, "assess", lambda *_: pytest.fail("found after the work"))
    page, folder = tmp_path / "page.html", tmp_path / "page_pictures"
    folder.mkdir()
    own = [folder / f"{index:06}.webp" for index in range(12)]
    for path, target in zip(paths, own, strict=True):
        Image.open(path).save(target)
    for images in (paths, own):
        with pytest.raises(FileExistsError, match=r"page_pictures' holds images.*remove the"):
            write_report(est, images, page, all_pictures=True)
    # Those of an earlier report are not either, while they are the images of this one.
    (folder / MARKER).touch()
    (tmp_path / "link").symlink_to(folder)
    monkeypatch.chdir(tmp_path)
    links = [tmp_path / f"{index}.webp" for index in range(12)]
    for link, target in zip(links, own, strict=True):
        link.symlink_to(target)
    relative = [f"link/{path.name}" for path in own]
    for images in (own, relative, [*paths[:11], own[11]], links):
        with pytest.raises(FileExistsError, match=r"is one of the images\. Choose another page"):
            write_report(est, images, page, all_pictures=True)
    assert sorted(folder.iterdir()) == [folder / MARKER, *own]
    assert not page.exists()


def test_an_empty_folder_takes_the_images(clustering, tmp_path):
    paths, est = clustering
    (tmp_path / "page_pictures").mkdir()
    write_report(est, paths, tmp_path / "page.html", all_pictures=True)
    assert len([*(tmp_path / "page_pictures").glob("*.webp")]) == 12


def test_links_lead_to_the_page_and_its_images(clustering, tmp_path):
    paths, est = clustering
    (tmp_path / "elsewhere").mkdir()
    links = [tmp_path / "page.html", tmp_path / "page_pictures"]
    for link in links:
        link.symlink_to(tmp_path / "elsewhere" / link.name)
    for _ in range(2):
        write_report(est, paths, tmp_path / "page.html", all_pictures=True)
    assert all(link.is_symlink() for link in links)
    assert sorted(os.listdir(tmp_path / "elsewhere")) == [link.name for link in links]
    assert len([*links[1].glob("*.webp")]) == 12


def test_nothing_is_left_of_a_report_that_failed(clustering, tmp_path):
    paths, est = clustering
    paths[3].write_text("no image any more")
    page = tmp_path / "page.html"
    page.write_text("before")
    with pytest.raises(ValueError, match=paths[3].name):
        write_report(est, paths, page, all_pictures=True)
    assert page.read_text() == "before"
    assert sorted(os.listdir(tmp_path)) == ["dozen", "page.html"]
    est.set_params(on_error="skip")
    assert "3" not in block(write_report(est, paths, page), "thumbnails")


def test_arrays_have_numbers_for_names(clustering, tmp_path):
    paths, est = clustering
    images = [np.asarray(Image.open(path)) for path in paths]
    data = block(write_report(est, images, tmp_path / "page.html"), "data")
    assert data["root"] + data["names"][7] == "image 7"


def test_the_policy_lets_nothing_in(clustering, tmp_path):
    paths, est = clustering
    html = write_report(est, paths, tmp_path / "page.html").read_text()
    images = [np.asarray(Image.open(path)) for path in paths]
    of_arrays = write_report(est, images, tmp_path / "arrays.html").read_text()
    assert "img-src data:; style-src" in of_arrays
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1]
    assert policy.startswith(
        "default-src &#39;none&#39;; img-src data: file:; style-src &#39;sha256-"
    )
    assert not re.search(r"(src|href)=\"?(https?:)?//", html)


def test_errors_name_the_culprit(clustering, tmp_path, monkeypatch):
    paths, est = clustering
    with pytest.raises(NotFittedError):
        write_report(DeepImageClusterer(), paths, tmp_path / "page.html")
    with pytest.raises(ValueError, match="features cannot be shown"):
        write_report(est, np.zeros((12, 4)), tmp_path / "page.html")
    with pytest.raises(ValueError, match=r"11 images.*features of 12"):
        write_report(est, paths[:11], tmp_path / "page.html")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        write_report(est, paths, tmp_path / "nowhere" / "page.html")
    with pytest.raises(IsADirectoryError, match="Name a file"):
        write_report(est, paths, tmp_path)
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(ImportError, match=r"pip install 'skdeepcluster\[report\]'"):
        write_report(est, paths, tmp_path / "page.html")
    assert os.listdir(tmp_path) == ["dozen"]
