"""Views of features beside themselves: their principal components, and those half whitened."""

import numpy as np
from sklearn.decomposition import PCA

from ..features import leading_components, pays_to_reduce, unit_rows
from ..processor import linear_algebra_in_one_thread

_N_CENTERED = 100
_N_WHITENED = 200


def feature_views(features, random_state):
    """Give the first hundred principal components of unit rows, and half whitened ones."""
    components = principal_components(unit_rows(features, slice(None)), random_state)
    return [components[:, :_N_CENTERED], half_whitened(components)]


def centered_components(unit, random_state):
    """Scores of the first hundred principal components."""
    return principal_components(unit, random_state)[:, :_N_CENTERED]


def principal_components(unit, random_state):
    """Scores of the leading principal components, those without variance left out."""
    rows, solver = unit, "auto"
    if pays_to_reduce(unit.shape):
        rows, solver = leading_components(unit), "covariance_eigh"
    n_components = min(_N_WHITENED, *rows.shape)
    pca = PCA(n_components, svd_solver=solver, random_state=random_state)
    # An array, whatever scikit-learn is set to give a user.
    pca.set_output(transform="default")
    with linear_algebra_in_one_thread():
        scores = pca.fit_transform(rows)
    spread = pca.explained_variance_ > 1e-7 * max(pca.explained_variance_[0], 1e-12)
    # Samples that are all alike have no component; any column says so as well.
    return scores[:, spread] if spread.any() else unit[:, :1]


def half_whitened(components):
    """Bring the components' standard deviations half-way, geometrically, to one another."""
    return components / np.sqrt(components.std(axis=0) + 1e-12)
