import numpy as np
import pytest
import torch
from torch.nn import functional

from skdeepcluster.scenegraph.matching import _level_similarity
from skdeepcluster.scenegraph.matching._encoded import Nodes, concatenate_nodes
from skdeepcluster.scenegraph.matching._level_similarity import (
    denied_evidence,
    level_similarity,
    level_similarity_of_pairs,
)
from skdeepcluster.scenegraph.matching._padding import pad, trim


def slow_similarity(images, captions, symmetric):
    """One pair of graphs at a time; a node is its vector and, last, its weight."""
    result = np.zeros((len(images), len(captions)))
    for i, visual in enumerate(images):
        for j, textual in enumerate(captions):
            if len(visual) and len(textual):
                products = np.array([[float(v[:-1] @ t[:-1]) for t in textual] for v in visual])
                weights = [
                    np.array([float(node[-1]) for node in side]) for side in (visual, textual)
                ]
                result[i, j] = np.average(products.max(axis=0), weights=weights[1])
                if symmetric:
                    back = np.average(products.max(axis=1), weights=weights[0])
                    result[i, j] = (result[i, j] + back) / 2
    return result


@pytest.fixture
def graphs():
    generator = torch.Generator().manual_seed(0)

    def draw(sizes):
        vectors = [torch.randn(n, 6, generator=generator) for n in sizes]
        weights = [torch.rand(n, 1, generator=generator) + 0.1 for n in sizes]
        unit = [vector / vector.norm(dim=1, keepdim=True) for vector in vectors]
        return [torch.cat(both, dim=1) for both in zip(unit, weights, strict=True)]

    return draw([3, 1, 0, 5]), draw([2, 4, 0, 1, 7])


def as_nodes(graphs):
    rows = pad(torch.cat(graphs), [len(graph) for graph in graphs])
    return Nodes(rows[:, :, :-1], rows[:, :, -1])


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("most", [2**26, 1])
def test_similarity_is_that_of_a_loop_over_pairs(graphs, symmetric, most, monkeypatch):
    monkeypatch.setattr(_level_similarity, "_MOST_PRODUCTS", most)
    images, captions = graphs
    found, has_both = level_similarity(as_nodes(images), as_nodes(captions), symmetric=symmetric)
    np.testing.assert_allclose(found, slow_similarity(images, captions, symmetric), atol=1e-6)
    assert has_both.sum() == 3 * 4


def test_order_and_padding_do_not_matter(graphs):
    images, captions = graphs
    expected, _ = level_similarity(as_nodes(images), as_nodes(captions))
    backwards = [nodes.flip(0) for nodes in captions]
    again, _ = level_similarity(as_nodes(images[:2]), as_nodes(backwards))
    torch.testing.assert_close(expected[:2], again)


@pytest.mark.parametrize("symmetric", [False, True])
def test_a_node_without_weight_is_none_wherever_it_stands(graphs, symmetric):
    images, captions = (as_nodes(side) for side in graphs)
    expected, _ = level_similarity(images, captions, symmetric=symmetric)
    more = [
        Nodes(
            torch.cat([10 * side.vectors[:, -1:].abs() + 5, side.vectors], dim=1),
            torch.cat([torch.zeros(side.n_graphs, 1), side.weights], dim=1),
        )
        for side in (images, captions)
    ]
    found, _ = level_similarity(*more, symmetric=symmetric)
    torch.testing.assert_close(found, expected)


def test_gradients_are_finite_without_nodes():
    vectors = torch.randn(2, 3, 4, requires_grad=True)
    weights = torch.tensor([[1.0, 0.5, 0.0], [0.0, 0.0, 0.0]])
    nodes = Nodes(vectors, weights)
    found, _ = level_similarity(nodes, nodes, symmetric=True)
    pairs, _ = level_similarity_of_pairs(nodes, nodes, symmetric=True)
    (found.sum() + pairs.sum()).backward()
    assert torch.isfinite(vectors.grad).all()


@pytest.mark.parametrize("symmetric", [False, True])
def test_pairs_are_the_diagonal(graphs, symmetric):
    images, captions = as_nodes(graphs[0]), as_nodes(graphs[1][:4])
    expected, has_both = level_similarity(images, captions, symmetric=symmetric)
    found, both = level_similarity_of_pairs(images, captions, symmetric=symmetric)
    torch.testing.assert_close(found, expected.diagonal())
    assert (both == has_both.diagonal()).all()


def test_nodes_of_several_batches(graphs):
    expected = as_nodes(graphs[1])
    parts = [as_nodes(graphs[1][:2]), as_nodes(graphs[1][2:])]
    torch.testing.assert_close(concatenate_nodes(parts).vectors, expected.vectors)
    torch.testing.assert_close(concatenate_nodes(parts).weights, expected.weights)


def test_mean_of_nodes():
    nodes = Nodes(torch.tensor([[[1.0], [4.0]], [[7.0], [7.0]]]), torch.tensor([[2.0, 1], [0, 0]]))
    torch.testing.assert_close(nodes.mean(), torch.tensor([[2.0], [0.0]]))


def test_unused_places_are_cut_off():
    rows = torch.tensor([[3, 0, 0], [1, 2, 0]])
    assert trim(rows).tolist() == [[3, 0], [1, 2]]
    assert trim(torch.zeros(2, 3, 3, dtype=torch.int64)).shape == (2, 1, 3)


def test_evidence_for_what_is_denied(monkeypatch):
    generator = torch.Generator().manual_seed(0)

    def draw(counts):
        vectors = torch.randn(sum(counts), 6, generator=generator)
        vectors = vectors / vectors.norm(dim=1, keepdim=True)
        return Nodes(pad(vectors, counts), pad(torch.ones(sum(counts)), counts))

    images, captions = draw([3, 0, 1, 5]), draw([2, 0, 1])
    steepness, neutral = torch.tensor(7.0), torch.tensor(0.2)
    expected = torch.zeros(4, 3)
    for i, j in np.ndindex(4, 3):
        there = images.vectors[i][images.mask[i]]
        for node in captions.vectors[j][captions.mask[j]]:
            best = (there @ node).max() if len(there) else neutral
            expected[i, j] += (1 + (steepness * (best - neutral)).exp()).log() / steepness
    found = denied_evidence(images, captions, steepness, neutral)
    torch.testing.assert_close(found, expected)
    monkeypatch.setattr(_level_similarity, "_MOST_PRODUCTS", 20)
    torch.testing.assert_close(denied_evidence(images, captions, steepness, neutral), expected)
    assert (found[:, 1] == 0).all()


@pytest.mark.parametrize("symmetric", [False, True])
def test_products_in_half_precision_where_no_gradient_is_asked_for(symmetric, monkeypatch):
    generator = torch.Generator().manual_seed(0)

    def draw(counts):
        vectors = functional.normalize(torch.randn(sum(counts), 128, generator=generator), dim=1)
        return Nodes(
            pad(vectors, counts), pad(torch.rand(sum(counts), generator=generator), counts)
        )

    images, captions = draw([9, 0, 5, 12]), draw([4, 7, 0])
    exact, _ = level_similarity(images, captions, symmetric=symmetric)
    monkeypatch.setattr(_level_similarity, "product_dtype", lambda: torch.bfloat16)
    with torch.no_grad():
        found, _ = level_similarity(images, captions, symmetric=symmetric)
    assert found.dtype == torch.float32 and not torch.equal(found, exact)
    # The best products here are below a half, and rounded by the 512th of that at most.
    torch.testing.assert_close(found, exact, atol=1e-3, rtol=0)
    assert torch.equal(level_similarity(images, captions, symmetric=symmetric)[0], exact)
