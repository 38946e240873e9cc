import numpy as np
import pytest
import torch

from skdeepcluster.images import STRONG_VIEWS, RandomViews, views_of_pixels

NOTHING = dict(
    scale=(1.0, 1.0),
    flip=0.0,
    rotation=0.0,
    brightness=0.0,
    contrast=0.0,
    saturation=0.0,
    grayscale=0.0,
)


@pytest.fixture
def images(snapshots):
    return torch.from_numpy(snapshots[0][:8]).permute(0, 3, 1, 2).float() / 255


def draws_of(*shape, seed=0):
    return torch.rand((*shape, RandomViews.n_draws), generator=torch.Generator().manual_seed(seed))


def draw(views, images, seed=0):
    return views(images, draws_of(len(images), seed=seed))


def test_without_strength_nothing_changes(images):
    torch.testing.assert_close(draw(RandomViews(**NOTHING), images), images, atol=1e-5, rtol=0)


def test_certain_flip_mirrors(images):
    views = draw(RandomViews(**{**NOTHING, "flip": 1.0}), images)
    torch.testing.assert_close(views, images.flip(3), atol=1e-5, rtol=0)


def test_certain_grey_has_equal_channels(images):
    views = draw(RandomViews(**{**NOTHING, "grayscale": 1.0}), images)
    torch.testing.assert_close(views[:, 0], views[:, 2])


def test_views_stay_in_range_and_repeat_with_the_seed(images):
    views = draw(RandomViews(), images)
    assert views.shape == images.shape
    assert views.min() >= 0
    assert views.max() <= 1
    torch.testing.assert_close(views, draw(RandomViews(), images))
    assert not torch.equal(views, draw(RandomViews(), images, seed=1))


def test_each_image_has_its_own_draw(images):
    same = images[:1].expand(8, -1, -1, -1)
    views = draw(RandomViews(), same)
    assert all(not torch.equal(views[0], view) for view in views[1:])


def test_brightness_scales_the_mean(images):
    views = draw(RandomViews(**{**NOTHING, "brightness": 0.2}), images * 0.5)
    ratio = views.mean(dim=(1, 2, 3)) / (images * 0.5).mean(dim=(1, 2, 3))
    assert ((ratio > 0.79) & (ratio < 1.21)).all()
    assert ratio.std() > 0.01


def test_the_numbers_of_an_image_decide_its_view(images):
    draws = draws_of(8)
    views = RandomViews()(images, draws)
    alone = torch.cat([RandomViews()(images[i : i + 1], draws[i : i + 1]) for i in range(8)])
    torch.testing.assert_close(alone, views)
    reversed_ = RandomViews()(images.flip(0), draws.flip(0))
    torch.testing.assert_close(reversed_.flip(0), views)


def test_numbers_in_the_middle_change_nothing_but_the_size(images):
    middle = torch.full((8, RandomViews.n_draws), 0.5)
    views = RandomViews(scale=(1.0, 1.0))(images, middle)
    torch.testing.assert_close(views, images, atol=1e-5, rtol=0)
    # A quarter of the area, in the centre, becomes the whole image: each of its pixels is two by
    # two, linearly interpolated between its neighbours, a quarter of a pixel off its middle.
    views = RandomViews(scale=(0.25, 0.25))(images, middle)
    found = torch.nn.functional.avg_pool2d(views, 2)
    weights = torch.tensor([1, 6, 1]) / 8
    kernel = (weights[:, None] * weights).expand(3, 1, 3, 3)
    expected = torch.nn.functional.conv2d(images[:, :, 15:49, 15:49], kernel, groups=3)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("column", range(RandomViews.n_draws))
def test_each_number_has_its_part(images, column):
    """Crop, angle, flip, two shifts, brightness, contrast, saturation, grey."""
    middle = torch.full((8, RandomViews.n_draws), 0.5)
    changed = middle.clone()
    changed[:, column] = 0.01
    difference = (STRONG_VIEWS(images, changed) - STRONG_VIEWS(images, middle)).abs()
    assert (difference.mean(dim=(1, 2, 3)) > 1e-3).all()


def test_views_of_pixels_are_those_of_the_images_they_make(snapshots, images):
    draws = draws_of(8, 3)
    views = [*views_of_pixels(snapshots[0][:8], draws)]
    assert len(views) == 3
    for view, drawn in zip(views, draws.unbind(dim=1), strict=True):
        assert (view.shape, view.dtype) == ((8, 64, 64, 3), np.uint8)
        assert view.flags.c_contiguous
        expected = 255 * STRONG_VIEWS(images, drawn).permute(0, 2, 3, 1).numpy()
        assert np.abs(view - expected).max() <= 0.501


def test_pixels_that_are_not_changed_come_back(snapshots, monkeypatch):
    monkeypatch.setattr(
        "skdeepcluster.images._augment.STRONG_VIEWS", RandomViews(**NOTHING), raising=True
    )
    (view,) = views_of_pixels(snapshots[0], draws_of(40, 1))
    np.testing.assert_array_equal(view, snapshots[0])
