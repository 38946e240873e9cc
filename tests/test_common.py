"""scikit-learn's own checks of every public estimator that takes arrays."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from skdeepcluster import DeepImageClusterer, ImageEmbedder


@parametrize_with_checks([DeepImageClusterer(), ImageEmbedder()])
def test_scikit_learn_checks(estimator, check):
    check(estimator)
