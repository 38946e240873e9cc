import subprocess
import sys

import numpy as np
import pytest

import skdeepcluster


def test_import_does_not_load_what_is_slow():
    code = (
        "import sys, skdeepcluster; "
        "print([m for m in ('torch', 'timm', 'onnxruntime', 'open_clip', 'matplotlib') "
        "if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_every_public_name_is_there():
    for name in skdeepcluster.__all__:
        assert getattr(skdeepcluster, name) is not None
    with pytest.raises(AttributeError, match="nothing"):
        skdeepcluster.nothing  # noqa: B018


def test_gallery_shows_the_most_certain_first(photos):
    from skdeepcluster import ClusterGalleryDisplay

    display = ClusterGalleryDisplay.from_predictions(
        list(photos.values()), [0, 1, 1, -1, 1], [0.9, 0.1, 0.5, 0.9, 0.8], n_pictures=2
    )
    assert display.titles == ["0: 1", "1: 3"]
    assert [len(pictures) for pictures in display.thumbnails] == [1, 2]
    from PIL import Image

    from skdeepcluster.images import Resizing

    pagoda = Resizing(96)(Image.fromarray(photos["pagoda"]))
    np.testing.assert_array_equal(display.thumbnails[1][0], pagoda)
    with pytest.raises(ValueError, match="as many"):
        ClusterGalleryDisplay.from_predictions(list(photos.values()), [0, 1])
