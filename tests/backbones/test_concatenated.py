import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional

from skdeepcluster import ImageEmbedder, ImageReader
from skdeepcluster.backbones import load_backbone

# Of 95 % of the side; efficientnet_lite0 sees 87.5 %.
WIDER = "untrained:test_efficientnet"


def unit(features):
    return features / np.linalg.norm(features, axis=1, keepdims=True)


def embed(images, backbone="efficientnet_lite0", **params):
    return ImageEmbedder(backbone, n_jobs=1, **params).fit_transform(images)


@pytest.mark.parametrize("engine", ["torch", "onnxruntime"])
def test_features_are_those_of_each_size_side_by_side(photos, engine):
    images = list(photos.values())
    both = embed(images, image_size=[64, 96], engine=engine)
    assert both.shape == (5, 2560)
    np.testing.assert_allclose(both[:, 1280:], unit(embed(images, image_size=96)), atol=1e-4)
    # The smaller images are made of the larger ones.
    backbone = load_backbone("efficientnet_lite0", image_size=96)
    large = np.stack([backbone.resizing(Image.fromarray(image)) for image in images])
    pixels = torch.from_numpy(large).permute(0, 3, 1, 2) / 255
    small = functional.interpolate(pixels, (64, 64), mode="bicubic", antialias=True)
    mean, std = (torch.tensor(values)[:, None, None] for values in (backbone.mean, backbone.std))
    with torch.inference_mode():
        expected = backbone.network((small - mean) / std).numpy()
    np.testing.assert_allclose(both[:, :1280], unit(expected), atol=1e-4)
    assert (both[:, :1280] * unit(embed(images, image_size=64))).sum(axis=1).min() > 0.95


def test_each_network_sees_its_own_crop(snapshots):
    images = snapshots[0][:4]
    framed = images.copy()
    # 95 % of 64 pixels leave 1.6 at each border, 87.5 % leave 4.
    framed[:, [2, -3]] = framed[:, :, [2, -3]] = 255
    backbones = ["efficientnet_lite0", WIDER]
    sizes = [
        load_backbone(name, image_size=size).resizing
        for name, size in zip(backbones, (56, 61), strict=True)
    ]
    assert [resizing.shortest_side for resizing in sizes] == [64, 64]
    before, after = (embed(each, backbones, image_size=[56, 61]) for each in (images, framed))
    np.testing.assert_allclose(before[:, :1280], after[:, :1280], atol=1e-4)
    assert np.abs(before[:, 1280:] - after[:, 1280:]).max() > 0.01
    np.testing.assert_allclose(
        before[:, 1280:], unit(embed(images, WIDER, image_size=61)), atol=1e-4
    )
    # Cosines are the means of those of the networks.
    cosines = [
        unit(embed(images, name, image_size=size))
        for name, size in zip(backbones, (56, 61), strict=True)
    ]
    np.testing.assert_allclose(
        unit(before) @ unit(before).T, sum(u @ u.T for u in cosines) / 2, atol=0.02
    )


@pytest.mark.parametrize("aspect", ["pad", "squash"])
def test_no_network_loses_the_ends_of_an_image_that_is_kept_whole(aspect):
    # Alike but for the first and the last 2 % of the longer side.
    images = np.full((2, 80, 320, 3), 128, dtype=np.uint8)
    images[1, :, :6] = images[1, :, -6:] = 255
    backbones, reader = ["efficientnet_lite0", WIDER], ImageReader(aspect=aspect)
    options = {"image_size": 128, "reader": reader, "engine": "torch"}
    features = embed(images, backbones, **options)
    for part in (features[:, :1280], features[:, 1280:]):
        assert np.abs(part[0] - part[1]).max() > 0.05
    # Alone, each fills the square.
    assert load_backbone(WIDER).resizing.visible_fraction == 1
    resizing = load_backbone(backbones, image_size=128).resizing
    margin = round((resizing.size - resizing.size * 0.875 / 0.95) / 2)
    whole = resizing(Image.fromarray(images[1]), aspect)
    middle = whole[resizing.size // 2].astype(int)
    assert (middle[margin] > 200).all() and (middle[:margin] == [124, 116, 104]).all()


def test_views_are_the_same_for_each_network(snapshots):
    images = snapshots[0][:3]
    embedder = ImageEmbedder(image_size=[64, 64], n_jobs=1).fit(images)
    views = embedder.transform_views(images, 2).astype(np.float32)
    np.testing.assert_allclose(views[:, :, :1280], views[:, :, 1280:])
    single = ImageEmbedder(image_size=64, n_jobs=1).fit(images).transform_views(images, 2)
    np.testing.assert_allclose(views[:, :, :1280] * np.sqrt(2), single, atol=2e-3)


@pytest.mark.parametrize(
    ("backbone", "image_size"),
    [([], None), ([], 64), (["efficientnet_lite0"] * 2, [32, 64, 96]), ("efficientnet_lite0", [])],
)
def test_lists_that_do_not_fit(backbone, image_size):
    with pytest.raises(ValueError, match="one length"):
        load_backbone(backbone, image_size=image_size)


def test_networks_given_are_left_as_they_are():
    given = load_backbone("efficientnet_lite0", image_size=32)
    joined = load_backbone([given, given], image_size=[None, 64])
    assert given.image_size == 32 and joined.image_size == 64
    weights = {id(weight) for weight in given.network.parameters()}
    assert not weights & {id(weight) for weight in joined.network.parameters()}
