import numpy as np
import pytest
import torch

from skdeepcluster.scenegraph import _matching
from skdeepcluster.scenegraph._loss import hardest_negative_loss
from skdeepcluster.scenegraph._matching import joint_similarity, level_similarity
from skdeepcluster.scenegraph._nodes import Nodes


def slow_similarity(pictures, captions, symmetric):
    """One pair of graphs at a time."""
    result = np.zeros((len(pictures), len(captions)))
    for i, visual in enumerate(pictures):
        for j, textual in enumerate(captions):
            if len(visual) and len(textual):
                products = np.array([[float(v @ t) for t in textual] for v in visual])
                result[i, j] = products.max(axis=0).mean()
                if symmetric:
                    result[i, j] = (result[i, j] + products.max(axis=1).mean()) / 2
    return result


@pytest.fixture
def graphs():
    generator = torch.Generator().manual_seed(0)

    def draw(sizes):
        return [torch.randn(n, 6, generator=generator) for n in sizes]

    return draw([3, 1, 0, 5]), draw([2, 4, 0, 1, 7])


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("most", [2**26, 1])
def test_similarity_is_that_of_a_loop_over_pairs(graphs, symmetric, most, monkeypatch):
    monkeypatch.setattr(_matching, "_MOST_PRODUCTS", most)
    pictures, captions = graphs
    found, there = level_similarity(
        Nodes.pad(pictures, 6), Nodes.pad(captions, 6), symmetric=symmetric
    )
    np.testing.assert_allclose(found, slow_similarity(pictures, captions, symmetric), atol=1e-6)
    assert there.sum() == 3 * 4


def test_order_and_padding_do_not_matter(graphs):
    pictures, captions = graphs
    whole, _ = level_similarity(Nodes.pad(pictures, 6), Nodes.pad(captions, 6))
    backwards = [nodes.flip(0) for nodes in captions]
    again, _ = level_similarity(Nodes.pad(pictures[:2], 6), Nodes.pad(backwards, 6))
    torch.testing.assert_close(whole[:2], again)


def test_gradients_are_finite_without_nodes():
    vectors = torch.randn(2, 3, 4, requires_grad=True)
    mask = torch.tensor([[True, True, False], [False, False, False]])
    found, _ = level_similarity(Nodes(vectors, mask), Nodes(vectors, mask), symmetric=True)
    found.sum().backward()
    assert torch.isfinite(vectors.grad).all()


def test_a_level_that_is_not_there_is_left_out():
    objects = (torch.tensor([[0.5, 0.5]]), torch.tensor([[True, True]]))
    relations = (torch.tensor([[0.9, 0.0]]), torch.tensor([[True, False]]))
    torch.testing.assert_close(joint_similarity([objects, relations]), torch.tensor([[0.7, 0.5]]))
    nothing = (torch.zeros(1, 2), torch.zeros(1, 2, dtype=torch.bool))
    assert (joint_similarity([nothing, nothing]) == 0).all()


def slow_loss(similarities, images, margin):
    total = 0
    for k in range(len(images)):
        others = [j for j in range(len(images)) if images[j] != images[k]]
        if others:
            row = max(similarities[k][j] for j in others)
            column = max(similarities[j][k] for j in others)
            total += max(0, margin - similarities[k][k] + row)
            total += max(0, margin - similarities[k][k] + column)
    return total / len(images)


def test_loss_is_that_of_a_loop_over_pairs():
    similarities = torch.rand(5, 5, generator=torch.Generator().manual_seed(0))
    images = torch.tensor([0, 1, 0, 2, 1])
    loss = hardest_negative_loss(similarities, images, margin=0.3)
    assert float(loss) == pytest.approx(slow_loss(similarities.tolist(), images.tolist(), 0.3))


def test_captions_of_one_picture_are_no_negatives():
    assert float(hardest_negative_loss(torch.ones(3, 3), torch.zeros(3, dtype=torch.int64))) == 0
