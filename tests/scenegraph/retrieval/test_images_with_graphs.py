import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from torch.utils.data import Dataset

from skdeepcluster import SceneGraph
from skdeepcluster.scenegraph.graph import Caption
from skdeepcluster.scenegraph.retrieval._images_with_graphs import as_images
from skdeepcluster.scenegraph.retrieval._parsing import parse_captions

from .._toy import Parser

DOG, CAT = SceneGraph(["dog"]), SceneGraph(["cat"])


def series(entries):
    return pd.Series(entries, index=range(7, 7 + len(entries)))


def object_array(entries):
    array = np.empty(len(entries), dtype=object)
    array[:] = entries
    return array


@pytest.mark.parametrize("kind", [list, tuple, iter, series, object_array])
def test_graphs(kind):
    found = as_images(kind([DOG, CAT]), None, keep_images=False)
    assert found.graphs == [DOG, CAT]
    assert found.images is None


@pytest.mark.parametrize("keep", [False, True])
def test_images_with_their_graphs(keep):
    found = as_images([("a.jpg", DOG), ("b.jpg", CAT)], None, keep)
    assert found.graphs == [DOG, CAT]
    assert found.images == (["a.jpg", "b.jpg"] if keep else None)


@pytest.mark.parametrize("keep", [False, True])
def test_images_are_parsed(keep):
    found = as_images(["a.jpg", "b.jpg"], Parser({"a.jpg": DOG, "b.jpg": CAT}), keep)
    assert found.graphs == [DOG, CAT]
    assert found.images == (["a.jpg", "b.jpg"] if keep else None)


def test_an_array_of_images():
    class Graphs:
        def transform(self, X):
            return [SceneGraph(["dog"] * int(image[0, 0, 0])) for image in X]

    X = np.stack([np.full((4, 4, 3), n, np.uint8) for n in (2, 1)])
    found = as_images(X, Graphs(), keep_images=True)
    assert list(map(len, found.graphs)) == [2, 1]
    np.testing.assert_array_equal(found.images[1], X[1])


@pytest.mark.parametrize("kind", [str, Path])
def test_a_folder_is_kept_as_its_images(photo_folder, kind):
    class Graphs:
        def transform(self, X):
            return [DOG] * len(X)

    found = as_images(kind(photo_folder), Graphs(), keep_images=True)
    assert len(found.graphs) == len(found.images) == 40
    assert sorted(map(str, found.images)) == sorted(map(str, photo_folder.iterdir()))


@pytest.mark.parametrize(
    ("X", "culprit"),
    [
        ([DOG, "b.jpg"], "X[1] is 'b.jpg'"),
        (["a.jpg", DOG], "X[1] is <SceneGraph"),
        ([DOG, CAT, ("a.jpg", DOG)], "X[2] is ('a.jpg'"),
        ([("a.jpg", DOG), None], "X[1] is None"),
        ([("a.jpg", DOG), ("b.jpg", "cat")], "X[1] is ('b.jpg', 'cat')"),
    ],
)
def test_what_is_mixed_is_named(X, culprit):
    with pytest.raises(TypeError, match=re.escape(culprit)):
        as_images(X, Parser({}), keep_images=False)


def test_what_is_missing():
    with pytest.raises(TypeError, match="one graph"):
        as_images(DOG, None, keep_images=False)
    with pytest.raises(ValueError, match=r"visual_parser=VisualGraphParser.*X\[0\] is 'a.jpg'"):
        as_images(["a.jpg"], None, keep_images=False)
    with pytest.raises(ValueError, match=r"X is of .*ndarray"):
        as_images(np.zeros((2, 4, 4, 3)), None, keep_images=False)
    with pytest.raises(ValueError, match="not graphs alone"):
        as_images([DOG], None, keep_images=True)


def test_equal_graphs_have_the_same_number():
    other = SceneGraph(["dog"], [(0, "near", 0)])
    boxed = SceneGraph([{"label": "dog", "box": (0, 0, 1, 1)}])
    X = [DOG, CAT, SceneGraph(["dog"]), other, boxed, SceneGraph(["cat"])]
    identities = as_images(X, None, keep_images=False).identities
    assert identities.dtype == np.int64
    np.testing.assert_array_equal(identities, [0, 1, 0, 2, 3, 1])
    assert as_images([], None, keep_images=False).identities.shape == (0,)


def test_a_graph_without_objects_is_the_same_as_no_other():
    identities = as_images([SceneGraph([])] * 3, None, keep_images=False).identities
    np.testing.assert_array_equal(identities, [0, 1, 2])


def test_images_that_are_compared_as_wholes_are_different():
    X = [("a.jpg", DOG), ("b.jpg", DOG)]
    np.testing.assert_array_equal(as_images(X, None, keep_images=True).identities, [0, 1])
    np.testing.assert_array_equal(as_images(X, None, keep_images=False).identities, [0, 0])


def test_paths_in_a_series_are_taken_by_position():
    found = as_images(series(["a.jpg", "b.jpg"]), Parser({"a.jpg": DOG, "b.jpg": CAT}), True)
    assert found.graphs == [DOG, CAT]
    assert found.images == ["a.jpg", "b.jpg"]


class Endless(Dataset):
    """Knows its length, and never raises an IndexError."""

    def __init__(self):
        self.reads = 0

    def __len__(self):
        return 2

    def __getitem__(self, place):
        self.reads += 1
        return place


class Dogs:
    def transform(self, X):
        return (DOG for _ in range(len(X)))


def test_a_dataset_is_read_by_its_parser_alone():
    X = Endless()
    assert as_images(X, Dogs(), keep_images=False).graphs == [DOG, DOG]
    assert X.reads == 0
    assert as_images(X, Dogs(), keep_images=True).images == [0, 1]


@pytest.mark.parametrize(
    ("graphs", "error", "message"),
    [
        ([DOG], ValueError, "Wrong returned 1 graphs for 2 entries"),
        ([DOG, "dog"], TypeError, "Wrong returned no SceneGraph for entry 1: 'dog'"),
    ],
)
def test_a_parser_that_makes_something_else_is_named(graphs, error, message):
    class Wrong:
        def transform(self, X):
            return graphs

    with pytest.raises(error, match=message):
        as_images(["a.jpg", "b.jpg"], Wrong(), keep_images=False)
    captions = [Caption("a dog", None), Caption("a cat", None)]
    with pytest.raises(error, match=message):
        parse_captions(captions, Wrong())
