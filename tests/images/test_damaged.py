import warnings

import pytest

from skdeepcluster.images import ImageReadError, Resizing, as_image_source
from tests._mutations import damaged_image, whole_images


@pytest.fixture(scope="module")
def intact():
    return whole_images()


@pytest.mark.parametrize("part", range(4))
def test_damaged_images_are_read_or_named(part, intact, tmp_path):
    """benchmarks/fuzz.py does the same with 10,000, in processes of their own."""
    resizing = Resizing(64)
    outcomes = {"read": 0, "refused": 0}
    for seed in range(part, 300, 4):
        suffix, content = damaged_image(intact, seed)
        path = tmp_path / f"{seed}{suffix}"
        path.write_bytes(content)
        with warnings.catch_warnings():
            # Pillow's remarks on damaged tags.
            warnings.simplefilter("ignore")
            try:
                image = as_image_source([path]).read(0, resizing.shortest_side)
            except ImageReadError as error:
                assert str(path) in str(error)
                outcomes["refused"] += 1
            else:
                assert resizing(image).shape == (64, 64, 3)
                outcomes["read"] += 1
    assert min(outcomes.values()) > 0
