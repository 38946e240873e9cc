import pytest
import torch

from skdeepcluster.images._augment import RandomViews

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


def draw(views, images, seed=0):
    return views(images, torch.Generator().manual_seed(seed))


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
