import numpy as np
import pytest
from sklearn.datasets import load_digits

from skdeepcluster import DeepImageClusterer

callback = pytest.importorskip(
    "sklearn.callback", reason="scikit-learn has callbacks from version 1.9 on"
)


class StopAfterTwo:
    """Counts the epochs it is told of, and stops the second."""

    def __init__(self):
        self.ended = 0
        self.predicted = None

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, X, fitted_estimator):
        if context.task_name != "epoch":
            return False
        self.ended += 1
        self.predicted = fitted_estimator.predict(X)
        return self.ended == 2


def test_callback_sees_a_fitted_estimator_and_can_stop():
    X, _ = load_digits(n_class=3, return_X_y=True)
    watcher = StopAfterTwo()
    est = DeepImageClusterer(3, random_state=0).set_callbacks(watcher).fit(X)
    assert watcher.ended == est.n_iter_ == 2
    assert watcher.predicted.shape == (len(X),)


def test_score_monitor():
    X, _ = load_digits(n_class=3, return_X_y=True)
    monitor = callback.ScoringMonitor(scoring=lambda est, X, y: est.score(X))
    DeepImageClusterer(3, max_iter=3, random_state=0).set_callbacks(monitor).fit(X)
    frame = monitor.get_logs().data_as_pandas
    assert np.isfinite(frame.select_dtypes("number").to_numpy()).all()
