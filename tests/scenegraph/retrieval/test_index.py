import numpy as np
import pytest
import torch
from torch.nn import functional

from skdeepcluster import SceneGraph
from skdeepcluster.scenegraph.matching import LEVELS, Encoded, MatchingModel, Nodes, pad
from skdeepcluster.scenegraph.retrieval import _index
from skdeepcluster.scenegraph.retrieval._index import GraphIndex


def draw(sizes, generator, n_dimensions=8):
    """Encoded images with so many objects and one relation fewer."""
    nodes = []
    for counts in (sizes, [max(0, size - 1) for size in sizes]):
        vectors = functional.normalize(
            torch.randn(sum(counts), n_dimensions, generator=generator), dim=1
        )
        weights = torch.rand(sum(counts), generator=generator) + 0.1
        nodes.append(Nodes(pad(vectors, counts), pad(weights, counts)))
    graphs = torch.randn(len(sizes), n_dimensions, generator=generator)
    return Encoded(*nodes, functional.normalize(graphs, dim=1))


# Half of what entries are rounded to: at most the 127th of 1.
ROUNDING = 0.51 / 127


class Encoder:
    """Has encoded its images already; an image is its number."""

    def __init__(self, encoded, levels=LEVELS):
        self.encoded = encoded
        self.model = MatchingModel(None, None, levels, symmetric=False)

    def encode_graphs(self, graphs):
        return self.encoded.take(np.array(graphs))


@pytest.fixture
def encoded():
    return draw([3, 1, 0, 2, 400, 1, 5], torch.Generator().manual_seed(0))


@pytest.fixture
def index(encoded, monkeypatch):
    monkeypatch.setattr(_index, "_CHUNK", 4)
    return GraphIndex(Encoder(encoded), range(7))


def test_what_is_kept_is_what_was_put_in(encoded, index):
    assert len(index) == 7
    originals = [encoded.take(slice(i, i + 1)) for i in range(7)]
    order = np.array([6, 0, 2, 4, 0, 3])
    found = index.take(order)
    for place, number in enumerate(order):
        one = originals[number]
        torch.testing.assert_close(found.graphs[place], one.graphs[0], atol=ROUNDING, rtol=0)
        for kept, nodes in zip(found[:2], one[:2], strict=True):
            mask = nodes.mask[0]
            assert kept.mask[place].sum() == mask.sum()
            assert kept.mask[place, : mask.sum()].all()
            n = int(mask.sum())
            torch.testing.assert_close(
                kept.vectors[place, :n], nodes.vectors[0][mask], atol=ROUNDING, rtol=0
            )
            torch.testing.assert_close(
                kept.weights[place, :n], nodes.weights[0][mask], atol=0, rtol=1e-3
            )
            assert (kept.vectors[place, n:] == 0).all()


def test_a_large_graph_does_not_make_all_others_large(encoded, index):
    assert index.take(np.array([0, 1, 2, 3])).objects.vectors.shape[1] == 3
    assert index.take(np.array([2])).objects.vectors.shape == (1, 1, 8)
    padded = sum(nodes.vectors.nbytes for nodes in encoded[:2])
    assert 0 < index.n_bytes < padded / 2


def test_an_entry_is_a_byte():
    """Of a node 128 entries, their unit and the weight, and of an image the pooled vector."""
    encoded = draw([37] * 64, torch.Generator().manual_seed(0), n_dimensions=128)
    index = GraphIndex(Encoder(encoded), range(64))
    n_nodes, n_pooled = 37 + 36, 3 * 129 + 2
    of_image = n_nodes * (128 + 2 + 2) + 128 + 2 + 2 * n_pooled
    numbers = 4 * 8
    assert index.n_bytes == 64 * (of_image + numbers)


def test_a_vector_of_zeros_stays_one():
    encoded = draw([2, 0], torch.Generator().manual_seed(0))
    encoded = encoded._replace(graphs=torch.zeros(2, 8))
    assert (GraphIndex(Encoder(encoded), range(2)).take(np.array([1, 0])).graphs == 0).all()


def test_the_shortlist_of_wholes_is_by_inner_product(encoded):
    index = GraphIndex(Encoder(encoded, levels=("graph",)), range(7))
    captions = encoded.take(slice(0, 3))
    found = index.shortlist(captions, 4)
    products = captions.graphs @ encoded.graphs.T
    np.testing.assert_array_equal(found, np.argsort(-products.numpy(), axis=1)[:, :4])
    assert sorted(index.shortlist(captions, 99)[0]) == list(range(7))


def test_a_level_that_an_image_lacks_counts_as_neutral():
    here, there = torch.eye(2)
    one = torch.ones(2, 1)
    objects = Nodes(torch.stack([here, 0.9 * here + 0.4359 * there])[:, None], one)
    images = Encoded(
        objects, objects._replace(weights=torch.tensor([[0.0], [1.0]])), objects[0][:, 0]
    )
    caption = Encoded(*[Nodes(here[None, None], one[:1])] * 2, here[None])
    encoder = Encoder(images)
    encoder.model.neutral += torch.tensor([0.1, 0.4, 0.3])
    index = GraphIndex(encoder, range(2))
    assert index.shortlist(caption, 1).tolist() == [[1]]
    similarities, found = index.search(caption, 2)
    assert found.tolist() == [[1, 0]]
    np.testing.assert_allclose(similarities, [[0.9, (1 + 0.4 + 1) / 3]], atol=1e-3)


def test_a_short_list_finds_images_without_relations(fitted, pairs):
    X, y = pairs
    X = [SceneGraph(graph.objects) if i % 2 else graph for i, graph in enumerate(X)]
    expected = np.argsort(-fitted.similarity(X, y), axis=0)[:3].T
    found = fitted.index(X).kneighbors(y, 3, n_candidates=20)[1]
    for half in (0, 1):
        chosen = [(a[a % 2 == half], b) for a, b in zip(expected, found, strict=True)]
        assert np.mean([np.isin(a, b).mean() for a, b in chosen if len(a)]) > 0.9


def test_search_among_all_is_exact(fitted, pairs):
    X, y = pairs
    expected = fitted.similarity(X, y).T
    similarities, indices = fitted.index(X).kneighbors(y, 60, n_candidates=60)
    assert (np.diff(similarities, axis=1) <= 0).all()
    np.testing.assert_array_equal(np.sort(indices, axis=1), np.tile(np.arange(60), (120, 1)))
    np.testing.assert_allclose(
        similarities, np.take_along_axis(expected, indices, axis=1), atol=1e-2
    )
    order = np.argsort(-expected, axis=1)
    ranked = np.take_along_axis(expected, order, axis=1)
    clear = ranked[:, 0] - ranked[:, 1] > 2e-2
    assert clear.sum() > 50
    np.testing.assert_array_equal(indices[clear, 0], order[clear, 0])


def test_a_short_list_finds_most(fitted, pairs):
    X, y = pairs
    fitted.index(X)
    _, exact = fitted.kneighbors(y, 1, n_candidates=60)
    similarities, found = fitted.kneighbors(y, 1, n_candidates=20)
    assert similarities.shape == found.shape == (120, 1)
    assert (exact == found).mean() > 0.9


def test_graphs_are_indexed_in_parts(fitted, pairs, monkeypatch):
    X, y = pairs
    expected = fitted.index(X).kneighbors(y[:5], 3)
    monkeypatch.setattr(_index, "_CHUNK", 7)
    parts = fitted.index(X).kneighbors(y[:5], 3)
    np.testing.assert_allclose(parts[0], expected[0], atol=1e-4)
    np.testing.assert_array_equal(parts[1], expected[1])
