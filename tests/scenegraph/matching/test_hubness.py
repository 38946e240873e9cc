import numpy as np
import pytest
import torch
from torch.nn import functional

from skdeepcluster.scenegraph.graph import as_captions
from skdeepcluster.scenegraph.matching import TrainingPairs
from skdeepcluster.scenegraph.matching._hubness import Compared, Hubness, soft_mean

from .._toy import make_pairs
from ._toy import make_encoder

STEEPNESS = torch.tensor(20.0)


def unit(n, generator, n_dimensions=16):
    return functional.normalize(torch.randn(n, n_dimensions, generator=generator), dim=1)


def test_soft_means():
    similarities = torch.tensor([[0.3, 0.3, 0.3], [0.1, 0.5, -torch.inf]])
    expected = [0.3, np.log((np.exp(2 * 0.1) + np.exp(2 * 0.5)) / 2) / 2]
    np.testing.assert_allclose(soft_mean(similarities, torch.tensor(2.0)), expected, rtol=1e-6)
    # From the mean to the maximum.
    np.testing.assert_allclose(soft_mean(similarities, torch.tensor(1e-4)), [0.3, 0.3], atol=1e-3)
    np.testing.assert_allclose(soft_mean(similarities, torch.tensor(1e4)), [0.3, 0.5], atol=1e-3)


def test_without_hubness_all_are_as_near_to_what_does_not_match():
    generator = torch.Generator().manual_seed(0)
    images, captions = unit(30, generator), unit(50, generator)
    matching = torch.zeros(30, 50, dtype=torch.bool)
    compared = Compared(images, captions, images @ captions.T, matching)
    for part in (compared, compared.exchanged()):
        hubness = Hubness.learn(part, STEEPNESS)(part.pooled, STEEPNESS)
        assert float(hubness.mean()) == pytest.approx(0, abs=1e-5) and hubness.std() > 0.01
        left = soft_mean(part.similarities - hubness[:, None], STEEPNESS)
        torch.testing.assert_close(left, left.mean().expand(len(left)), atol=1e-4, rtol=0)


def test_what_matches_does_not_count():
    generator = torch.Generator().manual_seed(0)
    images, captions = unit(20, generator), unit(20, generator)
    compared = Compared(images, captions, images @ captions.T, torch.eye(20, dtype=torch.bool))
    expected = Hubness.learn(compared, STEEPNESS)(images, STEEPNESS)
    higher = compared._replace(similarities=compared.similarities + 5 * torch.eye(20))
    found = Hubness.learn(higher, STEEPNESS)(images, STEEPNESS)
    torch.testing.assert_close(found, expected)


def test_what_one_vector_misses_is_learned_from_it():
    """New images are less similar to all captions the more they have of one direction."""
    generator = torch.Generator().manual_seed(0)
    images, captions = unit(400, generator), unit(50, generator)

    def compare(part):
        return part @ captions.T - 0.5 * part[:, :1]

    known, new = images[:300], images[300:]
    matching = torch.zeros(300, 50, dtype=torch.bool)
    learned = Hubness.learn(Compared(known, captions, compare(known), matching), STEEPNESS)
    expected = soft_mean(compare(new), STEEPNESS) - soft_mean(compare(known), STEEPNESS).mean()
    torch.testing.assert_close(learned(new, STEEPNESS), expected, atol=1e-3, rtol=0)


def test_a_hub_is_not_the_best_of_all():
    """Of new images, some are near to all captions; the nearest image is then one of these."""
    generator = torch.Generator().manual_seed(0)
    middle = unit(1, generator)
    captions = functional.normalize(unit(200, generator) + middle, dim=1)
    images = functional.normalize(captions + 0.8 * unit(200, generator), dim=1)
    images[::10] = functional.normalize(images[::10] + 2 * middle, dim=1)
    bank, new = slice(0, 100), slice(100, 200)
    similarities = images[new] @ captions[new].T
    compared = Compared(
        images[bank], captions[bank], images[bank] @ captions[bank].T, torch.eye(100).bool()
    )
    hubness = Hubness.learn(compared, STEEPNESS)(images[new], STEEPNESS)
    right = torch.arange(100)
    before = (similarities.argmax(dim=0) == right).float().mean()
    after = ((similarities - hubness[:, None]).argmax(dim=0) == right).float().mean()
    assert after > before + 0.05


def training_pairs(encoder, graphs, several, identities):
    captions, owners = as_captions(several)
    return TrainingPairs(
        encoder.graph_tensors(graphs), encoder.caption_tensors(captions), owners, identities
    )


def test_an_encoder_subtracts_the_hubness_of_both_sides():
    encoder, (graphs, several) = make_encoder(perturbed=True), make_pairs(12)
    captions, _ = as_captions(several)
    plain = encoder.graph_similarity(graphs, captions)
    encoder.learn_hubness(
        training_pairs(encoder, graphs, several, np.arange(12)), np.random.RandomState(0)
    )
    seen, read = encoder.encode_graphs(graphs), encoder.encode_captions(captions)
    assert seen.hubness.std() > 1e-3 and read.hubness.std() > 1e-3
    expected = plain - seen.hubness.numpy()[:, None] - read.hubness.numpy()
    np.testing.assert_allclose(encoder.graph_similarity(graphs, captions), expected, atol=1e-5)
    assert plain.mean() == pytest.approx(expected.mean(), abs=0.02)


def test_equal_images_teach_nothing():
    encoder, (graphs, several) = make_encoder(), make_pairs(3)
    pairs = training_pairs(encoder, graphs, several, np.zeros(3, np.int64))
    encoder.learn_hubness(pairs, np.random.RandomState(0))
    assert encoder.hubness is None
