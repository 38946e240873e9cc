"""scikit-learn's own checks of every public estimator that takes arrays."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from skdeepcluster import DeepImageClusterer, ImageEmbedder


# A few epochs hold all that a training has; those of the default take many minutes.
@parametrize_with_checks([DeepImageClusterer(max_iter=4), ImageEmbedder()])
def test_scikit_learn_checks(estimator, check):
    check(estimator)
