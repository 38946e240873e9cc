"""Flaws that were made are found, and images that have none are left alone."""

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter

from skdeepcluster import find_flaws
from skdeepcluster.images import ImageReadError


def crops(photos, side=128, n_each=12):
    """Different cut-outs of photographs."""
    rng = np.random.default_rng(0)
    images = []
    for photo in photos.values():
        image = Image.fromarray(photo)
        for _ in range(n_each):
            size = int(rng.integers(160, min(image.size)))
            left, top = (int(rng.integers(length - size + 1)) for length in image.size)
            cut = image.crop((left, top, left + size, top + size))
            images.append(cut.resize((side, side), Image.Resampling.BOX))
    return images


def grey(images):
    return [image.convert("L") for image in images]


def dim(images):
    """Spots on black, of very different brightness, as fluorescence is."""
    rng = np.random.default_rng(1)
    made = []
    for image in images:
        values = np.asarray(image.convert("L"), dtype=float)
        made.append(Image.fromarray((values * rng.uniform(0.08, 1)).astype(np.uint8)))
    return made


@pytest.fixture(scope="module")
def images(photos):
    return crops(photos)


@pytest.mark.parametrize("kind", [list, grey, dim])
def test_images_without_flaws_are_left_alone(kind, images):
    assert not np.char.str_len(find_flaws(kind(images))).any()


@pytest.mark.parametrize("kind", [list, grey])
@pytest.mark.parametrize(
    ("flaw", "spoil"),
    [
        ("blank", lambda image: Image.new(image.mode, image.size, "black")),
        ("blank", lambda image: Image.new(image.mode, image.size, "white")),
        ("dark", lambda image: ImageEnhance.Brightness(image).enhance(0.08)),
        ("blurred", lambda image: image.filter(ImageFilter.GaussianBlur(image.width / 25))),
        ("blurred", lambda image: image.filter(ImageFilter.GaussianBlur(image.width / 50))),
        ("small", lambda image: image.resize((24, 24))),
        ("elongated", lambda image: image.resize((image.width * 4, image.height))),
    ],
)
def test_flaws_that_were_made_are_found(flaw, spoil, kind, images):
    spoiled = kind(images)
    places = range(0, len(images), 13)
    for place in places:
        spoiled[place] = spoil(spoiled[place])
    expected = [flaw if place in places else "" for place in range(len(images))]
    assert find_flaws(spoiled).tolist() == expected


def test_shapes_that_many_have_are_not_odd(images):
    mixed = list(images)
    for place in range(0, len(mixed), 3):
        mixed[place] = mixed[place].resize((320, 128))
    mixed[0] = mixed[0].resize((1280, 128))
    assert find_flaws(mixed).tolist() == ["elongated"] + [""] * (len(mixed) - 1)


def test_noise_alone_is_blank_and_a_picture_may_have_two_flaws(images):
    noise = np.random.default_rng(0).normal(120, 1, (128, 128, 3))
    dark = ImageEnhance.Brightness(images[0].resize((24, 24))).enhance(0.08)
    found = find_flaws([*images, Image.fromarray(noise.astype(np.uint8)), dark])
    assert found[-2:].tolist() == ["blank", "dark, small"]


def test_what_cannot_be_read_has_no_flaw(images, tmp_path):
    paths = []
    for number, image in enumerate([*images[::6], Image.new("RGB", (128, 128))]):
        paths.append(tmp_path / f"{number}.png")
        image.save(paths[-1])
    paths[2].write_bytes(b"no image")
    with pytest.raises(ImageReadError, match=r"2\.png"):
        find_flaws(paths)
    found = find_flaws(paths, on_error="skip")
    assert found.tolist() == [""] * (len(paths) - 1) + ["blank"]
    assert find_flaws(paths[2:3], on_error="skip").tolist() == [""]


def test_features_are_refused():
    with pytest.raises(ValueError, match="not features"):
        find_flaws(np.zeros((4, 3)))
