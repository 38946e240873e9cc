import matplotlib.pyplot as plt
import numpy as np
import pytest

from skdeepcluster import ReliabilityDisplay
from skdeepcluster.metrics import expected_calibration_error

# Clusters 7 and 3 are "a" and "b"; the third image is wrong, the last in no cluster.
Y = ["a", "a", "a", "b", "b", "a"]
LABELS = [7, 7, 3, 3, 3, -1]
CONFIDENCE = [0.9, 0.9, 0.6, 0.6, 0.9, np.nan]


def test_bins_by_hand():
    display = ReliabilityDisplay.from_predictions(Y, LABELS, CONFIDENCE, n_bins=4)
    np.testing.assert_allclose(display.confidence, [np.nan, np.nan, 0.6, 0.9])
    np.testing.assert_allclose(display.accuracy, [np.nan, np.nan, 0.5, 1])
    np.testing.assert_allclose(display.share, [0, 0, 0.4, 0.6])
    assert display.calibration_error_ == pytest.approx(0.1)
    assert "0.100" in display.ax_.get_title()
    np.testing.assert_allclose(display.line_.get_xydata(), [[0.6, 0.5], [0.9, 1]])
    np.testing.assert_allclose([bar.get_height() for bar in display.bars_], display.share)
    assert len(display.points_.get_offsets()) == 2


def test_from_estimator_is_from_predictions(clusterer, digits):
    X, y, _ = digits
    display = ReliabilityDisplay.from_estimator(clusterer, X, y)
    assert display.calibration_error_ == pytest.approx(
        expected_calibration_error(y, clusterer.labels_, clusterer.probabilities_)
    )
    assert display.figure_ is display.ax_.figure


def test_images_that_could_not_be_read_are_left_out():
    class Estimator:
        def predict_proba(self, X):
            return np.array([[0.9, 0.1], [np.nan, np.nan], [0.2, 0.8]])

    display = ReliabilityDisplay.from_estimator(Estimator(), None, [0, 0, 1])
    assert display.calibration_error_ == pytest.approx(0.15)


def test_axes_passed_in_are_used():
    _, axes = plt.subplots(1, 2)
    display = ReliabilityDisplay.from_predictions([0], [0], [1.0], n_bins=1, ax=axes[1])
    assert display.ax_ is axes[1] and not axes[0].lines
    assert display.calibration_error_ == 0
