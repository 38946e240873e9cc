import sys

import pytest

from skdeepcluster import TrainingCurveDisplay


def test_error_without_matplotlib_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"skdeepcluster\[plot\]"):
        TrainingCurveDisplay({"loss": [1.0]}).plot()
