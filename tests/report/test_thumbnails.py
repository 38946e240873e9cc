import base64
import io

import joblib
import numpy as np
import pytest
from PIL import Image

from skdeepcluster.images import ImageReadError, as_image_source
from skdeepcluster.report._thumbnails import Thumbnailer


def opened(thumbnail):
    return Image.open(io.BytesIO(thumbnail))


def thumbnailer(images, on_error="raise"):
    return Thumbnailer(as_image_source(images), n_jobs=1, on_error=on_error, verbose=0)


def test_centres_are_cut_out_and_small_images_stay_small(photos):
    made = dict(thumbnailer([*photos.values(), np.zeros((20, 31), np.uint8)]).make(range(6), 64))
    assert list(made) == list(range(6))
    assert [opened(made[index]).size for index in range(6)] == [(64, 64)] * 5 + [(20, 20)]
    shown = np.asarray(opened(made[3]).convert("RGB"), dtype=float)
    dahlia = Image.fromarray(photos["dahlia"])
    height = dahlia.height
    left = (dahlia.width - height) // 2
    center = dahlia.crop((left, 0, left + height, height)).resize((64, 64), Image.Resampling.BOX)
    assert np.abs(shown - np.asarray(center)).mean() < 12


def test_nothing_but_pixels_comes_out(tmp_path, photos):
    image = Image.fromarray(photos["cat"])
    exif = image.getexif()
    exif[0x010F] = "Maker's secret"
    exif.get_ifd(0x8825)[1] = "N"
    image.save(tmp_path / "cat.jpg", exif=exif, comment=b"comment's secret")
    assert b"secret" in (tmp_path / "cat.jpg").read_bytes()
    ((_, thumbnail),) = thumbnailer([tmp_path / "cat.jpg"]).make([0], 64)
    assert b"secret" not in thumbnail and b"EXIF" not in thumbnail
    assert not opened(thumbnail).getexif()


def test_images_that_are_gone_are_left_out_or_named(tmp_path, photos):
    paths = [tmp_path / "cat.png", tmp_path / "gone.png"]
    Image.fromarray(photos["cat"]).save(paths[0])
    assert [index for index, _ in thumbnailer(paths, "skip").make([1, 0], 32)] == [0]
    with pytest.raises(ImageReadError, match=r"gone\.png"):
        list(thumbnailer(paths).make([1, 0], 32))


@pytest.mark.parametrize(("n_bytes", "side"), [(10**6, 160), (12_000, 96), (6_000, 48)])
def test_thumbnails_shrink_to_the_room(photos, n_bytes, side):
    made = thumbnailer([*photos.values()]).within(np.arange(5), 5, n_bytes)
    assert set(made) == {str(index) for index in range(len(made))}
    for text in made.values():
        assert opened(base64.b64decode(text)).size[0] <= side
    assert sum(map(len, made.values())) <= n_bytes
    if n_bytes > 6_000:
        assert len(made) == 5


def test_the_last_ones_are_left_out_if_there_is_no_room(photos):
    made = thumbnailer([*photos.values()] * 3).within(np.arange(15), 5, 5_000)
    assert 0 < len(made) < 15
    assert list(made) == [str(index) for index in range(len(made))]
    assert thumbnailer([*photos.values()]).within(np.arange(5), 5, 100) == {}


def test_images_are_read_here_whatever_backend_joblib_has(photos, monkeypatch):
    images = as_image_source([*photos.values()])
    read_image, read = images.read, []

    def noted(index, size_hint):
        read.append(index)
        return read_image(index, size_hint)

    monkeypatch.setattr(images, "read", noted)
    maker = Thumbnailer(images, n_jobs=2, on_error="raise", verbose=0)
    with joblib.parallel_config("loky", n_jobs=2):
        assert [index for index, _ in maker.make(range(5), 32)] == [0, 1, 2, 3, 4]
    assert sorted(read) == [0, 1, 2, 3, 4]
