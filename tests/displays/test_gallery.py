import numpy as np
import pytest
from PIL import Image

from skdeepcluster import ClusterGalleryDisplay, DeepImageClusterer
from skdeepcluster.images import Resizing


def test_gallery_shows_the_most_certain_first(photos):
    display = ClusterGalleryDisplay.from_predictions(
        list(photos.values()), [0, 1, 1, -1, 1], [0.9, 0.1, 0.5, 0.9, 0.8], n_pictures=2
    )
    assert display.titles == ["0: 1", "1: 3"]
    assert [len(images) for images in display.thumbnails] == [1, 2]
    pagoda = Resizing(96)(Image.fromarray(photos["pagoda"]))
    np.testing.assert_array_equal(display.thumbnails[1][0], pagoda)
    with pytest.raises(ValueError, match="one for each label"):
        ClusterGalleryDisplay.from_predictions(list(photos.values()), [0, 1])


def test_gallery_of_an_estimator_shows_what_it_calls_typical(snapshots):
    images = snapshots[0]
    est = DeepImageClusterer(4, image_size=32, max_iter=2, n_neighbors=8, random_state=0)
    est.fit(images).set_cluster_names(["one", "two", "three", "four"])
    display = ClusterGalleryDisplay.from_estimator(est, images, n_pictures=3)
    sizes = np.bincount(est.labels_)
    assert display.titles == [
        f"{name}: {n}" for name, n in zip(est.cluster_names_, sizes, strict=True)
    ]
    for thumbnails, typical in zip(display.thumbnails, est.representative_indices_, strict=True):
        first = Resizing(96)(Image.fromarray(images[typical[0]]))
        np.testing.assert_array_equal(thumbnails[0], first)


def test_gallery_of_names_that_are_no_formulas(snapshots):
    images = snapshots[0][:4]
    display = ClusterGalleryDisplay.from_predictions(images, [0, 0, 1, 1])
    display.titles = [r"a $\foo$ b: 2", "cost $5 or $6: 2"]
    display.plot().figure_.canvas.draw()
    assert [label.get_text() for label in display.ax_.get_yticklabels()] == display.titles


@pytest.mark.parametrize(
    ("labels", "options", "message"),
    [
        ([-1, -1], {}, "all labels are -1"),
        ([0, 0], {"n_pictures": 0}, "n_pictures must be a positive integer, got 0"),
        ([0, 0], {"n_pictures": 2.5}, "n_pictures must be a positive integer, got 2.5"),
        ([0, 0], {"confidence": [0.5]}, "confidence has 1 numbers for 2 labels"),
        ([0, 1], {"confidence": np.eye(2)}, r"confidence must be .* \(2, 2\)\. .*max\(axis=1\)"),
    ],
)
def test_what_no_gallery_can_be_made_of(snapshots, labels, options, message):
    with pytest.raises(ValueError, match=message):
        ClusterGalleryDisplay.from_predictions(snapshots[0][:2], labels, **options)


def test_copies_of_an_image_come_last_in_the_gallery(digits):
    features, _, images = digits
    copied = np.repeat(np.arange(60), 4)
    est = DeepImageClusterer(3, max_iter=2, random_state=0).fit(features[copied])
    display = ClusterGalleryDisplay.from_estimator(est, images[copied])
    for thumbnails in display.thumbnails:
        assert len({picture.tobytes() for picture in thumbnails}) == len(thumbnails) == 8
