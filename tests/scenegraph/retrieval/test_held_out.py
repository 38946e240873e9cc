import numpy as np
import pytest

from skdeepcluster.scenegraph.retrieval._held_out import hold_out


@pytest.mark.parametrize("share", [0, 0.1, 0.25, 0.9])
def test_the_same_graph_is_never_on_both_sides(share):
    identities = np.random.RandomState(0).randint(40, size=100)
    held_out = hold_out(identities, share, np.random.RandomState(1))
    assert not set(identities[held_out]) & set(identities[~held_out])
    n_kinds = len(set(identities))
    assert len(set(identities[held_out])) == min(np.ceil(share * n_kinds), n_kinds - 1)


def test_something_is_left_to_learn_from():
    assert hold_out(np.arange(2), 0.99, np.random.RandomState(0)).sum() == 1
    assert not hold_out(np.zeros(5, dtype=int), 0.5, np.random.RandomState(0)).any()
