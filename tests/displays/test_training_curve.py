from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest

from skdeepcluster import DeepImageClusterer, TrainingCurveDisplay


def test_draws_what_the_clusterer_recorded(clusterer):
    display = TrainingCurveDisplay.from_estimator(clusterer)
    assert set(display.lines_) == {
        *("loss", "mmd", "augmentation", "neighbor", "nearest_centroid"),
        "score",
    }
    np.testing.assert_array_equal(display.lines_["mmd"].get_ydata(), clusterer.history_["mmd"])
    np.testing.assert_array_equal(display.lines_["mmd"].get_xdata(), [1, 2, 3, 4])
    assert display.lines_["score"].axes is display.score_ax_ is not display.ax_
    assert display.start_line_.get_ydata()[0] == clusterer.start_score_
    assert display.figure_ is display.ax_.figure


@pytest.mark.parametrize(
    ("history", "start", "best"),
    [
        ({"score": [0.2, 0.5, 0.5]}, 0.4, 2),
        ({"score": [0.2, 0.5, 0.5]}, None, 2),
        ({"score": [0.2, 0.5, 0.5]}, np.nan, 2),
        ({"score": [0.2, 0.5, 0.5]}, 0.5, 0),
        # Fewer clusters were in use in the first.
        ({"score": [0.9, 0.5, 0.6, 0.4], "improved": [False, True, True, False]}, 0.1, 3),
        # The head could not learn its start.
        ({"score": [0.4, 0.5], "improved": [True, False]}, 0.7, 1),
        ({"score": [0.4, 0.5], "improved": [False, False]}, 0.3, 0),
        ({"score": [np.nan, 0.5, 0.4]}, None, 2),
        ({"validation_recall": [30, 40, 35]}, None, 2),
        ({"loss": [3, 2, 1]}, None, None),
        ({"loss": [3, 2, 1]}, 0.5, None),
    ],
)
def test_best_epoch(history, start, best):
    display = TrainingCurveDisplay(history, start).plot()
    assert display.best_epoch_ == best
    assert (display.best_line_ is None) == (best is None)
    if best is not None:
        assert display.best_line_.get_xdata()[0] == best


def test_history_of_a_retriever():
    estimator = SimpleNamespace(
        history_={"loss": [3.0, 2.0], "seconds": [9.0, 9.0], "validation_recall": [0.1, 0.2]}
    )
    display = TrainingCurveDisplay.from_estimator(estimator)
    assert set(display.lines_) == {"loss", "validation_recall"}
    assert display.start_line_ is None
    del estimator.history_["validation_recall"]
    display = TrainingCurveDisplay.from_estimator(estimator)
    assert display.score_ax_ is None and display.ax_.get_ylabel() == "loss"


def test_axes_passed_in_are_used():
    _, axes = plt.subplots(1, 2)
    display = TrainingCurveDisplay({"loss": [1.0], "score": [0.5]}).plot(ax=axes[1])
    assert display.ax_ is axes[1] and not axes[0].lines
    only_score = TrainingCurveDisplay({"score": [0.5]}).plot(ax=axes[0])
    assert only_score.ax_ is only_score.score_ax_ is axes[0]


def test_names_are_no_formulas():
    display = TrainingCurveDisplay({"$loss^": [1.0, 2.0]}).plot()
    display.figure_.canvas.draw()
    assert display.ax_.get_legend().get_texts()[0].get_text() == "$loss^"


def test_no_epoch_is_an_error(digits):
    for estimator in (DeepImageClusterer(), SimpleNamespace(history_={})):
        with pytest.raises(ValueError, match="history_ is missing or empty"):
            TrainingCurveDisplay.from_estimator(estimator)
    untrained = DeepImageClusterer(3, max_iter=0, random_state=0).fit(digits[0][:60])
    with pytest.raises(ValueError, match="history_ is missing or empty"):
        TrainingCurveDisplay.from_estimator(untrained)
    with pytest.raises(ValueError, match="has no epochs"):
        TrainingCurveDisplay({"loss": [], "seconds": [1.0]})
