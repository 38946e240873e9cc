import base64
import io
import pickle
import re
from html.parser import HTMLParser

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn import config_context
from sklearn.base import clone

from skdeepcluster import DeepImageClusterer, list_images
from skdeepcluster.cluster import partition_of

N_IMAGES = 8


def clusterer(n_clusters=4):
    return DeepImageClusterer(
        n_clusters, image_size=64, max_iter=2, n_neighbors=8, random_state=0, on_error="skip"
    )


class Strip(HTMLParser):
    """Images and texts of the HTML under the diagram."""

    def __init__(self, estimator):
        super().__init__()
        self.images, self.texts = [], []
        with config_context(display="diagram"):
            page = estimator._repr_html_()
            # The diagram counts how often it was asked for.
            bundle = estimator._repr_mimebundle_()["text/html"]
        assert re.sub(r"sk-\w+-id-\d+", "", page) == re.sub(r"sk-\w+-id-\d+", "", bundle)
        page.encode("utf-8")
        self.html = page[page.rindex("<div><div style=") :] if "data:image/webp" in page else ""
        self.feed(self.html)

    def handle_starttag(self, tag, attrs):
        if tag == "img":
            self.images.append(dict(attrs))

    def handle_data(self, data):
        self.texts.append(data)

    def pixels(self, place):
        data = base64.b64decode(self.images[place]["src"].partition(",")[2])
        return np.asarray(Image.open(io.BytesIO(data)))


@pytest.fixture(scope="module")
def on_arrays(snapshots):
    return clusterer().fit(snapshots[0])


def test_rows_are_the_clusters_by_size_with_typical_images(photo_folder):
    paths = list_images(photo_folder)
    est = clusterer().fit(paths)
    est.set_cluster_names(["<script>", "b & c", 'd"e', "f"])
    strip = Strip(est)
    sizes = np.bincount(est.labels_)
    order = np.argsort(-sizes, kind="stable")
    assert strip.texts[0] == "4 clusters of 40 images"
    expected = [text for i in order for text in (est.cluster_names_[i], f"{sizes[i]} images")]
    assert strip.texts[1:] == expected
    assert "<script>" not in strip.html
    typical = [est.representative_indices_[i][:N_IMAGES] for i in order]
    shown = [str(paths[index]) for row in typical for index in row]
    assert [image["title"] for image in strip.images] == shown
    original = np.asarray(Image.open(shown[0]), dtype=float)
    assert strip.pixels(0).shape == (64, 64, 3)
    assert np.abs(strip.pixels(0) - original).mean() < 12


def test_files_that_are_gone_are_left_out(photo_folder):
    est = clusterer().fit(photo_folder)
    gone = est.representative_indices_[0][0]
    list_images(photo_folder)[gone].unlink()
    titles = [image["title"] for image in Strip(est).images]
    assert titles
    assert partition_of(est).images.paths[gone] not in titles
    for path in list_images(photo_folder):
        path.unlink()
    assert Strip(est).html == ""


class Photos(torch.utils.data.Dataset):
    def __init__(self, images):
        self.images = images

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.images[index], 0


def test_a_few_images_of_arrays_and_datasets_are_kept(on_arrays, snapshots):
    images = snapshots[0]
    strip = Strip(on_arrays)
    first = int(strip.images[0]["title"].removeprefix("image "))
    assert np.abs(strip.pixels(0) - images[first].astype(float)).mean() < 12
    of_dataset = Strip(clusterer().fit(Photos(images)))
    assert of_dataset.images == strip.images
    assert Strip(pickle.loads(pickle.dumps(on_arrays))).html == strip.html


def test_merged_clusters_keep_their_images(on_arrays):
    est = pickle.loads(pickle.dumps(on_arrays)).merge_clusters([[0, 1], [2, 3]])
    typical = [row[:N_IMAGES] for row in est.representative_indices_]
    order = np.argsort(-np.bincount(est.labels_), kind="stable")
    titles = [image["title"] for image in Strip(est).images]
    assert titles == [f"image {index}" for i in order for index in typical[i]]


def test_many_clusters_are_the_largest_twelve(snapshots):
    est = clusterer(14).fit(snapshots[0])
    strip = Strip(est)
    assert strip.texts[0] == f"{est.n_clusters_} clusters of 40 images; the 12 largest"
    assert len(strip.texts) == 1 + 2 * 12


def test_no_strip_without_images(on_arrays, snapshots, tmp_path):
    assert Strip(clusterer()).html == ""
    assert Strip(clone(on_arrays)).html == ""
    features = np.random.default_rng(0).normal(size=(30, 5)).astype(np.float32)
    assert Strip(clusterer().fit(features)).html == ""
    on_arrays.save(tmp_path / "model")
    assert Strip(DeepImageClusterer.load(tmp_path / "model")).html == ""


def test_text_display_has_no_html(on_arrays):
    with config_context(display="text"):
        assert not hasattr(on_arrays, "_repr_html_")
        assert list(on_arrays._repr_mimebundle_()) == ["text/plain"]


def test_names_that_are_no_text(snapshots, tmp_path):
    for number, image in enumerate(snapshots[0][:12]):
        Image.fromarray(image).save(tmp_path / f"{number}.png")
    (tmp_path / "0.png").rename(tmp_path / "\udcff<0>.png")
    strip = Strip(clusterer(2).fit(tmp_path))
    assert any("\\udcff<0>.png" in image["title"] for image in strip.images)


def test_images_in_memory_are_there_after_merging(snapshots):
    est = clusterer(20).fit(snapshots[0])
    for n_clusters in (12, 5):
        est.reduce_clusters(n_clusters)
        assert Strip(est).html.count('alt="image') >= n_clusters
        rows = Strip(est).html.split("flex: none; width: 11em")[1:]
        assert len(rows) == n_clusters
        assert all("<img" in row for row in rows)


def test_copies_of_an_image_do_not_take_the_places_of_others(snapshots):
    images = snapshots[0]
    copied = np.concatenate([np.repeat(images[:1], 30, axis=0), images])
    est = clusterer(2).set_params(engine="torch").fit(copied)
    strip = Strip(est)
    assert len(strip.images) == 2 * N_IMAGES
    shown = [int(image["title"].removeprefix("image ")) for image in strip.images]
    # Position 30 is that of the image that was repeated.
    assert len(set(np.where(np.array(shown) <= 30, 0, shown).tolist())) == len(shown)
