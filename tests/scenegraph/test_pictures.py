import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from torch.utils.data import Dataset

from skdeepcluster import SceneGraph
from skdeepcluster.scenegraph.retrieval._captions import Caption, with_triples
from skdeepcluster.scenegraph.retrieval._pictures import as_pictures

from ._toy import Parser

DOG, CAT = SceneGraph(["dog"]), SceneGraph(["cat"])


def series(entries):
    return pd.Series(entries, index=range(7, 7 + len(entries)))


def object_array(entries):
    array = np.empty(len(entries), dtype=object)
    array[:] = entries
    return array


@pytest.mark.parametrize("kind", [list, tuple, iter, series, object_array])
def test_graphs(kind):
    found = as_pictures(kind([DOG, CAT]), None, keep_pictures=False)
    assert found.graphs == [DOG, CAT]
    assert found.pictures is None


@pytest.mark.parametrize("keep", [False, True])
def test_pictures_with_their_graphs(keep):
    found = as_pictures([("a.jpg", DOG), ("b.jpg", CAT)], None, keep)
    assert found.graphs == [DOG, CAT]
    assert found.pictures == (["a.jpg", "b.jpg"] if keep else None)


@pytest.mark.parametrize("keep", [False, True])
def test_pictures_are_parsed(keep):
    found = as_pictures(["a.jpg", "b.jpg"], Parser({"a.jpg": DOG, "b.jpg": CAT}), keep)
    assert found.graphs == [DOG, CAT]
    assert found.pictures == (["a.jpg", "b.jpg"] if keep else None)


def test_an_array_of_pictures():
    class Graphs:
        def transform(self, X):
            return [SceneGraph(["dog"] * int(picture[0, 0, 0])) for picture in X]

    X = np.stack([np.full((4, 4, 3), n, np.uint8) for n in (2, 1)])
    found = as_pictures(X, Graphs(), keep_pictures=True)
    assert list(map(len, found.graphs)) == [2, 1]
    np.testing.assert_array_equal(found.pictures[1], X[1])


@pytest.mark.parametrize("kind", [str, Path])
def test_a_folder_is_kept_as_its_pictures(photo_folder, kind):
    class Graphs:
        def transform(self, X):
            return [DOG] * len(X)

    found = as_pictures(kind(photo_folder), Graphs(), keep_pictures=True)
    assert len(found.graphs) == len(found.pictures) == 40
    assert sorted(map(str, found.pictures)) == sorted(map(str, photo_folder.iterdir()))


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
        as_pictures(X, Parser({}), keep_pictures=False)


def test_what_is_missing():
    with pytest.raises(TypeError, match="one graph"):
        as_pictures(DOG, None, keep_pictures=False)
    with pytest.raises(ValueError, match=r"visual_parser=VisualGraphParser.*X\[0\] is 'a.jpg'"):
        as_pictures(["a.jpg"], None, keep_pictures=False)
    with pytest.raises(ValueError, match=r"X is of .*ndarray"):
        as_pictures(np.zeros((2, 4, 4, 3)), None, keep_pictures=False)
    with pytest.raises(ValueError, match="not graphs alone"):
        as_pictures([DOG], None, keep_pictures=True)


def test_equal_graphs_have_the_same_number():
    other = SceneGraph(["dog"], [(0, "near", 0)])
    boxed = SceneGraph([{"label": "dog", "box": (0, 0, 1, 1)}])
    X = [DOG, CAT, SceneGraph(["dog"]), other, boxed, SceneGraph(["cat"])]
    identities = as_pictures(X, None, keep_pictures=False).identities
    assert identities.dtype == np.int64
    np.testing.assert_array_equal(identities, [0, 1, 0, 2, 3, 1])
    assert as_pictures([], None, keep_pictures=False).identities.shape == (0,)


def test_a_graph_without_objects_is_the_same_as_no_other():
    identities = as_pictures([SceneGraph([])] * 3, None, keep_pictures=False).identities
    np.testing.assert_array_equal(identities, [0, 1, 2])


def test_pictures_that_are_compared_as_wholes_are_different():
    X = [("a.jpg", DOG), ("b.jpg", DOG)]
    np.testing.assert_array_equal(as_pictures(X, None, keep_pictures=True).identities, [0, 1])
    np.testing.assert_array_equal(as_pictures(X, None, keep_pictures=False).identities, [0, 0])


def test_paths_in_a_series_are_taken_by_position():
    found = as_pictures(series(["a.jpg", "b.jpg"]), Parser({"a.jpg": DOG, "b.jpg": CAT}), True)
    assert found.graphs == [DOG, CAT]
    assert found.pictures == ["a.jpg", "b.jpg"]


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
    assert as_pictures(X, Dogs(), keep_pictures=False).graphs == [DOG, DOG]
    assert X.reads == 0
    assert as_pictures(X, Dogs(), keep_pictures=True).pictures == [0, 1]


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
        as_pictures(["a.jpg", "b.jpg"], Wrong(), keep_pictures=False)
    captions = [Caption("a dog", None), Caption("a cat", None)]
    with pytest.raises(error, match=message):
        with_triples(captions, Wrong())
