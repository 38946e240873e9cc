"""scikit-learn's own checks of every public estimator that takes arrays."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from skdeepcluster import DeepImageClusterer, ImageEmbedder


# A few epochs hold all that a training has; those of the default take many minutes.
@parametrize_with_checks([DeepImageClusterer(init="kmeans", max_iter=2), ImageEmbedder()])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks([DeepImageClusterer(max_iter=4)])
def test_scikit_learn_checks_of_the_default_start(estimator, check):
    check(estimator)
