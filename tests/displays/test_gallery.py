import numpy as np
import pytest
from PIL import Image

from skdeepcluster import ClusterGalleryDisplay
from skdeepcluster.images import Resizing


def test_gallery_shows_the_most_certain_first(photos):
    display = ClusterGalleryDisplay.from_predictions(
        list(photos.values()), [0, 1, 1, -1, 1], [0.9, 0.1, 0.5, 0.9, 0.8], n_pictures=2
    )
    assert display.titles == ["0: 1", "1: 3"]
    assert [len(pictures) for pictures in display.thumbnails] == [1, 2]
    pagoda = Resizing(96)(Image.fromarray(photos["pagoda"]))
    np.testing.assert_array_equal(display.thumbnails[1][0], pagoda)
    with pytest.raises(ValueError, match="as many"):
        ClusterGalleryDisplay.from_predictions(list(photos.values()), [0, 1])
