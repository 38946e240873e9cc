import io

import numpy as np
import pytest
from PIL import Image

from skdeepcluster.images import (
    ImageReadError,
    as_image_source,
    encode_thumbnail,
    read_thumbnails,
)


def test_thumbnails_come_by_index_in_the_order_asked_for(snapshots):
    thumbnails = read_thumbnails(as_image_source(snapshots[0]), [7, 3], 64)
    assert list(thumbnails) == [7, 3]
    np.testing.assert_array_equal(thumbnails[3], snapshots[0][3])


def test_unreadable_images_are_named_or_left_out(photo_folder):
    (photo_folder / "broken.jpg").write_bytes(b"no image")
    source = as_image_source(photo_folder)
    broken = next(i for i, path in enumerate(source.paths) if path.endswith("broken.jpg"))
    assert list(read_thumbnails(source, [broken, broken + 1], 32, on_error="skip")) == [broken + 1]
    with pytest.raises(ImageReadError, match=r"broken\.jpg"):
        read_thumbnails(source, [broken], 32)


def test_encoding_keeps_what_is_seen(photos):
    image = photos["cat"][:64, :64]
    encoded = encode_thumbnail(image)
    assert len(encoded) < 3000
    decoded = np.asarray(Image.open(io.BytesIO(encoded)))
    assert np.abs(decoded - image.astype(float)).mean() < 8
