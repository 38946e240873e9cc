import io
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from sklearn.cluster import KMeans

from skdeepcluster import LatentMapDisplay
from skdeepcluster.cluster import partition_of


def blobs(n_clusters=3, size=8, n_components=5):
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(n_clusters, n_components))
    latents = np.repeat(centers, size, axis=0)
    return latents + 0.05 * rng.normal(size=latents.shape), np.repeat(np.arange(n_clusters), size)


def test_clusters_lie_apart_and_their_labels_at_the_medians(clusterer, digits):
    display = LatentMapDisplay.from_estimator(clusterer, digits[0], random_state=0)
    labels = clusterer.labels_
    np.testing.assert_array_equal(display.labels, labels)
    assert set(display.text_) == {0, 1, 2}
    for label, text in display.text_.items():
        median = np.median(display.positions[labels == label], axis=0)
        np.testing.assert_allclose(text.xy, median)
        assert text.get_text() == str(label)
    medians = np.array([display.text_[label].xy for label in range(3)])
    distances = np.linalg.norm(display.positions[:, None] - medians, axis=2)
    assert (distances.argmin(axis=1) == labels).mean() > 0.98
    assert len(display.scatter_.get_offsets()) == len(labels)
    assert display.scatter_.get_rasterized()
    assert display.figure_ is display.ax_.figure
    assert not display.thumbnails_


def test_layout_is_repeatable():
    latents, labels = blobs()
    first, second, other = (
        LatentMapDisplay.from_predictions(latents, labels, random_state=seed).positions
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, second)
    assert not np.allclose(first, other)


def test_noise_is_grey_and_unreadable_is_left_out():
    latents, labels = blobs()
    labels[[0, 9]] = -1
    latents[0] = np.nan
    display = LatentMapDisplay.from_predictions(latents, labels, random_state=0)
    assert np.isnan(display.positions[0]).all() and np.isfinite(display.positions[1:]).all()
    np.testing.assert_array_equal(display.noise_.get_offsets(), display.positions[[9]])
    red, green, blue, _ = display.noise_.get_facecolor()[0]
    assert red == green == blue
    assert set(display.text_) == {0, 1, 2}
    display = LatentMapDisplay.from_predictions(latents, np.full(24, -1), random_state=0)
    assert not display.text_ and len(display.noise_.get_offsets()) == 23


def test_names_are_shown_as_they_are(clusterer, digits):
    names = ["cost $5 or $6^", "<script>alert(1)</script>", "a & b"]
    display = LatentMapDisplay.from_predictions(
        digits[0][:12], digits[1][:12], names=names, random_state=0
    )
    assert [text.get_text() for text in display.text_.values()] == names
    drawing = io.StringIO()
    # Fails if "$" begins a formula.
    display.figure_.savefig(drawing, format="svg")
    assert "<script" not in drawing.getvalue()


def test_estimators_names_are_used(clusterer, digits, monkeypatch):
    named = partition_of(clusterer).renamed({1: "one"})
    monkeypatch.setattr(clusterer, "_partition", named)
    display = LatentMapDisplay.from_estimator(clusterer, digits[0][:12])
    assert display.text_[1].get_text() == "one" and display.text_[0].get_text() == "0"


def test_other_estimators_serve_as_well(digits):
    kmeans = KMeans(3, n_init=1, random_state=0).fit(digits[0][:12])
    display = LatentMapDisplay.from_estimator(kmeans, digits[0][:12])
    np.testing.assert_array_equal(display.labels, kmeans.labels_)


def test_images_nearest_to_the_centre_are_shown(digits):
    _, _, images = digits
    angles = np.array([0.0, 0.1, 0.5, 2.0, 2.1, 2.6])
    latents = np.column_stack([np.cos(angles), np.sin(angles)])
    display = LatentMapDisplay.from_predictions(
        latents, [0, 0, 0, 4, 4, -1], images=images[:6], n_images=2
    )
    assert {label: len(shown) for label, shown in display.thumbnails.items()} == {0: 2, 4: 2}
    # The mean direction of the first three is nearest to the second, then to the first.
    order = [1, 0]
    for shown, index in zip(display.thumbnails[0], order, strict=True):
        expected = np.asarray(images[index].repeat(4, axis=0).repeat(4, axis=1))
        # Resized smoothly here, and in blocks there.
        assert np.abs(shown[..., 0].astype(float) - expected).mean() < 25
    assert set(display.thumbnails_) == {0, 4}
    display.figure_.canvas.draw()
    with pytest.raises(ValueError, match="one for each latent"):
        LatentMapDisplay.from_predictions(latents, [0] * 6, images=images[:5])


@pytest.mark.parametrize("n_samples", [1, 2, 15])
@pytest.mark.parametrize("n_components", [1, 2, 6])
def test_few_samples_and_one_cluster(n_samples, n_components):
    latents = np.random.default_rng(0).normal(size=(n_samples, n_components))
    display = LatentMapDisplay.from_predictions(latents, [0] * n_samples)
    display.figure_.canvas.draw()
    assert display.positions.shape == (n_samples, 2)
    assert set(display.text_) == {0}
    if n_components == 2:
        np.testing.assert_array_equal(display.positions, latents)


def test_few_samples_keep_their_principal_components():
    rng = np.random.default_rng(0)
    plane = rng.normal(size=(10, 2)) @ np.linalg.qr(rng.normal(size=(6, 2)))[0].T
    positions = LatentMapDisplay.from_predictions(plane, [0] * 10).positions
    between = [np.linalg.norm(p[:, None] - p, axis=2) for p in (plane, positions)]
    np.testing.assert_allclose(*between, atol=1e-9)


def test_identical_latents():
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        display = LatentMapDisplay.from_predictions(np.ones((20, 4)), [0] * 20, random_state=0)
    assert np.isfinite(display.positions).all()


def test_colours_come_again_after_twenty_clusters():
    latents, labels = blobs(n_clusters=23, size=2, n_components=2)
    display = LatentMapDisplay.from_predictions(latents, labels)
    colors = display.scatter_.get_facecolor()[::2, :3]
    assert len(np.unique(colors, axis=0)) == 20
    np.testing.assert_array_equal(colors[20], colors[0])
    np.testing.assert_array_equal(colors[0], to_rgb("C0"))
    assert len(display.text_) == 23


def test_axes_passed_in_are_used():
    _, axes = plt.subplots(1, 2)
    display = LatentMapDisplay(np.eye(2), np.array([0, 1])).plot(ax=axes[1])
    assert display.ax_ is axes[1] and not axes[0].collections


def test_errors_name_the_culprit():
    latents, labels = blobs()
    with pytest.raises(ValueError, match="inconsistent"):
        LatentMapDisplay.from_predictions(latents, labels[:-1])
    with pytest.raises(ValueError, match="2 names, but labels up to 2"):
        LatentMapDisplay.from_predictions(latents, labels, names=["a", "b"])
    with pytest.raises(ValueError, match="All latents are NaN"):
        LatentMapDisplay.from_predictions(np.full_like(latents, np.nan), labels)
    with pytest.raises(ValueError, match="must be integers"):
        LatentMapDisplay.from_predictions(latents, labels.astype(str))


@pytest.mark.parametrize("n_images", [-1, 2.5])
def test_a_number_of_images_that_cannot_be(digits, n_images):
    latents, labels = blobs(n_components=2)
    options = {"images": digits[2][:24], "n_images": n_images}
    with pytest.raises(ValueError, match=f"n_images must be an integer from 0, got {n_images}"):
        LatentMapDisplay.from_predictions(latents, labels, **options)


def test_no_images_are_shown_if_none_are_asked_for(digits):
    latents, labels = blobs(n_components=2)
    images = digits[2][:24]
    display = LatentMapDisplay.from_predictions(latents, labels, images=images, n_images=0)
    assert display.thumbnails_ == {}


def test_copies_of_an_image_are_shown_last():
    rng = np.random.default_rng(0)
    latents = rng.normal(size=(20, 4)) + 5
    latents[:10] = latents[:20].mean(axis=0)
    images = np.arange(20, dtype=np.uint8)[:, None, None].repeat(8, 1).repeat(8, 2) * 12
    display = LatentMapDisplay.from_predictions(
        latents, np.zeros(20, dtype=int), images=images, n_images=5, random_state=0
    )
    shown = [int(picture.mean()) // 12 for picture in display.thumbnails[0]]
    assert shown[0] == 0 and min(shown[1:]) >= 10
