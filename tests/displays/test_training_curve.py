from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest

from skdeepcluster import DeepImageClusterer, TrainingCurveDisplay


def test_draws_what_the_clusterer_recorded(clusterer):
    display = TrainingCurveDisplay.from_estimator(clusterer)
    assert set(display.lines_) == {
        *("loss", "balance", "augmentation", "neighbor", "nearest_centroid"),
        "score",
    }
    line = display.lines_["balance"]
    np.testing.assert_array_equal(line.get_ydata(), clusterer.history_["balance"])
    np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3, 4])
    assert display.lines_["score"].axes is display.score_ax_ is not display.ax_
    assert display.start_line_.get_ydata()[0] == clusterer.start_score_
    assert display.figure_ is display.ax_.figure
    # The last state is kept, whatever it scores.
    assert display.best_epoch_ is None
    assert display.best_line_ is None


@pytest.mark.parametrize(
    ("history", "start", "best"),
    [
        ({"validation_recall": [30, 40, 35]}, None, 2),
        ({"validation_recall": [0.2, 0.5, 0.5]}, None, 2),
        ({"validation_recall": [np.nan, 0.5, 0.4]}, None, 2),
        ({"validation_recall": [0.2, 0.5, 0.6]}, 0.7, 3),
        ({"loss": [3, 2], "validation_recall": [40, 35]}, None, 1),
        # Nothing chooses among the epochs of a clusterer.
        ({"score": [0.2, 0.5, 0.4]}, 0.1, None),
        ({"score": [0.2, 0.5, 0.4]}, 0.7, None),
        ({"score": [0.2, 0.5, 0.4]}, np.nan, None),
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
        assert display.best_line_.get_ydata()[0] == history["validation_recall"][best - 1]
        assert display.best_line_.get_label() == f"best: epoch {best}"


@pytest.mark.parametrize(("start", "is_drawn"), [(0.3, True), (np.nan, False), (None, False)])
def test_the_start_is_a_line(start, is_drawn):
    display = TrainingCurveDisplay({"score": [0.2, 0.5]}, start).plot()
    assert (display.start_line_ is not None) == is_drawn
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["score", *(["start"] if is_drawn else [])]


def test_what_is_neither_loss_nor_score_is_not_drawn():
    """Also of clusterers that an earlier version saved."""
    others = ["seconds", "learning_rate", "label_change", "n_occupied", "neighbor_recall"]
    history = {name: [1, 1] for name in (*others, "improved", "loss", "balance", "score")}
    display = TrainingCurveDisplay(history, 0.5).plot()
    assert set(display.lines_) == {"loss", "balance", "score"}


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
