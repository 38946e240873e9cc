import pytest
from sklearn.datasets import load_digits
from sklearn.metrics import adjusted_rand_score, make_scorer

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


def test_an_early_stop_is_told(capsys):
    X, _ = load_digits(n_class=3, return_X_y=True)
    est = DeepImageClusterer(3, random_state=0, verbose=1)
    est.set_callbacks(StopAfterTwo()).fit(X)
    assert "2/12" in (last := capsys.readouterr().err.splitlines()[-1])
    assert "stopped early by a callback, last epoch kept" in last
    # One that stops with the last epoch does not stop early.
    est.set_params(max_iter=2).set_callbacks(StopAfterTwo()).fit(X)
    assert "stopped" not in capsys.readouterr().err


def test_score_monitor():
    X, y = load_digits(n_class=4, return_X_y=True)
    # The second fit has more clusters than the first: scores must be of the fit that goes on.
    est = DeepImageClusterer(3, max_iter=3, random_state=0).fit(X)
    scoring = {"rand": make_scorer(adjusted_rand_score), "own": lambda est, X, y: est.score(X)}
    monitor = callback.ScoringMonitor(scoring=scoring)
    est.set_params(n_clusters=4).set_callbacks(monitor).fit(X, y)
    frame = monitor.get_logs().data_as_pandas
    assert len(frame) == est.n_iter_
    assert (frame[["rand", "own"]] > 0.5).all(axis=None)
