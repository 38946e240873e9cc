import numpy as np
import pytest
import torch
from PIL import Image

from skdeepcluster.adaptation import StageSettings
from skdeepcluster.adaptation._views import TrunkViews
from skdeepcluster.backbones import load_backbone
from skdeepcluster.images import RandomViews, as_image_source, views_of_pixels

_N_VIEWS = 3


def make_views(images, trunk=None, seed=0):
    """Make views; without a trunk, activations are the normalised pixels."""
    return TrunkViews(
        load_backbone("untrained:test_resnet", image_size=32),
        trunk or torch.nn.Identity(),
        as_image_source(images),
        settings=StageSettings(1, torch.device("cpu"), n_views=_N_VIEWS, n_jobs=1),
        generator=torch.Generator().manual_seed(seed),
    )


@pytest.fixture(scope="module")
def views(snapshots):
    return make_views(snapshots[0])


def test_both_views_are_random_and_differ(views, snapshots):
    n_images = len(snapshots[0])
    indices = torch.arange(n_images)
    originals, _ = views.originals(indices)
    activations, positions = views.pairs(indices, torch.Generator().manual_seed(0))
    assert activations.shape == (2 * n_images, 3, 32, 32)
    torch.testing.assert_close(positions, torch.arange(2 * n_images))
    first, second = activations.chunk(2)
    for one, other in [(first, second), (first, originals), (second, originals)]:
        assert (one - other).abs().mean(dim=(1, 2, 3)).min() > 0.02


def test_every_pair_of_views_is_drawn(views):
    """Each image has three views, so six ordered pairs."""
    generator = torch.Generator().manual_seed(0)
    drawn = [views.pairs(torch.tensor([5]), generator)[0] for _ in range(60)]
    assert len({pair.numpy().tobytes() for pair in drawn}) == _N_VIEWS * (_N_VIEWS - 1)
    assert len({view.numpy().tobytes() for pair in drawn for view in pair}) == _N_VIEWS


def test_views_have_numbers(views):
    """Those that pairs are drawn from."""
    numbered = [views.view(torch.tensor([5]), number)[0] for number in range(_N_VIEWS)]
    generator = torch.Generator().manual_seed(0)
    drawn = {
        view.numpy().tobytes()
        for _ in range(60)
        for view in views.pairs(torch.tensor([5]), generator)[0]
    }
    assert {view.numpy().tobytes() for view in numbered} == drawn


def test_a_view_is_of_its_image():
    """Of images of one brightness each: the views of a dark one are darker."""
    images = np.repeat(np.array([20, 230, 20], dtype=np.uint8), 32 * 32 * 3)
    views = make_views(images.reshape(3, 32, 32, 3))
    activations, _ = views.pairs(torch.tensor([2, 1]), torch.Generator())
    dark, bright, dark_again, bright_again = activations.mean(dim=(1, 2, 3))
    assert max(dark, dark_again) < 0 < min(bright, bright_again)


def test_originals_are_what_the_trunk_computes_of_the_images():
    colors = np.array([[20, 230, 140], [0, 0, 0], [255, 128, 3]], dtype=np.uint8)
    images = np.broadcast_to(colors[:, None, None], (3, 32, 32, 3))
    views = make_views(images, trunk=torch.nn.AvgPool2d(32))
    activations, positions = views.originals(torch.tensor([2, 0]))
    backbone = load_backbone("untrained:test_resnet", image_size=32)
    expected = (colors[[2, 0]] / 255 - np.array(backbone.mean)) / np.array(backbone.std)
    np.testing.assert_allclose(activations[:, :, 0, 0], expected, atol=2e-3)
    assert positions.tolist() == [0, 1]


def test_views_are_those_that_the_generator_draws(views, snapshots):
    """All numbers of an image in turn, of one image after the other."""
    shape = (40, _N_VIEWS, RandomViews.n_draws)
    draws = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    backbone = load_backbone("untrained:test_resnet", image_size=32)
    pixels = np.stack([backbone.resizing(Image.fromarray(image)) for image in snapshots[0]])
    expected = {
        ((view / 255 - np.array(backbone.mean)) / np.array(backbone.std))[7].sum()
        for view in views_of_pixels(pixels, draws)
    }
    generator = torch.Generator().manual_seed(0)
    drawn = [views.pairs(torch.tensor([7]), generator)[0] for _ in range(40)]
    found = {float(view.sum()) for pair in drawn for view in pair}
    assert sorted(found) == pytest.approx(sorted(expected), rel=1e-3)


def test_the_generator_decides(views, snapshots):
    indices = torch.arange(4)

    def pairs(same_or_other, seed):
        return same_or_other.pairs(indices, torch.Generator().manual_seed(seed))[0]

    again = make_views(snapshots[0])
    assert torch.equal(pairs(views, 1), pairs(again, 1))
    assert not torch.equal(pairs(views, 1), pairs(views, 2))
    assert not torch.equal(pairs(views, 1), pairs(make_views(snapshots[0], seed=1), 1))
