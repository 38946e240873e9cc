import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skdeepcluster.neighbors import nearest_neighbors, purest_neighbors


def literal_weights(neighbors_of_spaces):
    """What each sample has in common with others, as a dict for each, with sets."""
    weights = [{} for _ in neighbors_of_spaces[0]]
    for neighbors in neighbors_of_spaces:
        known = [{i, *map(int, row)} for i, row in enumerate(neighbors)]
        for i, mine in enumerate(known):
            for j, theirs in enumerate(known):
                if i != j and (j in mine or i in theirs):
                    share = len(mine & theirs) / (neighbors.shape[1] + 1)
                    weights[i][j] = weights[i].get(j, 0) + share
    return weights


@given(
    seed=st.integers(0, 1000),
    n_samples=st.integers(1, 30),
    n_neighbors=st.integers(1, 9),
    n_spaces=st.integers(1, 3),
)
@settings(max_examples=60)
def test_those_with_most_in_common_come_first(seed, n_samples, n_neighbors, n_spaces):
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(n_samples, 4))
    spaces = [
        nearest_neighbors((common + rng.normal(size=common.shape)).astype(np.float32), n_neighbors)
        for _ in range(n_spaces)
    ]
    found = purest_neighbors(spaces)
    n_kept = (min(n_neighbors, n_samples - 1) + 1) // 2
    assert found.shape == (n_samples, n_kept)
    assert found.dtype == np.int64
    for partners, weights in zip(found.tolist(), literal_weights(spaces), strict=True):
        assert len(set(partners)) == n_kept
        # Of those that have as much in common, any.
        highest = sorted(weights.values(), reverse=True)[:n_kept]
        assert [weights[partner] for partner in partners] == pytest.approx(highest)


def test_a_neighbour_of_another_clique_is_left_out():
    """Two cliques of five; each sample's nearest neighbour is one of the other clique."""
    clique = np.repeat([0, 1], 5)
    own = [np.setdiff1d(np.flatnonzero(clique == clique[i]), i)[:3] for i in range(10)]
    neighbors = np.column_stack([(np.arange(10) + 5) % 10, own])
    found = purest_neighbors([neighbors])
    assert found.shape == (10, 2)
    np.testing.assert_array_equal(clique[found], np.repeat(clique, 2).reshape(10, 2))


def test_a_neighbour_in_two_spaces_counts_more_than_in_one():
    """On a ring, where a sample has as much in common with each neighbour of a space."""
    places = np.arange(12)
    ring, other = ((places[:, None] + steps) % 12 for steps in ([1, 4], [1, 5]))
    (nearest,) = purest_neighbors([ring, other]).T
    assert set((nearest - places) % 12) <= {1, 11}


def test_it_is_not_enough_to_be_a_neighbour():
    """One that nobody near knows is the nearest of all."""
    neighbors = np.array([[4, 1, 2], [2, 0, 3], [0, 1, 3], [1, 2, 0], [5, 6, 7]])
    neighbors = np.concatenate([neighbors, [[6, 7, 4], [5, 7, 4], [5, 6, 4]]])
    assert set(purest_neighbors([neighbors])[0]) <= {1, 2, 3}


def test_few_samples():
    assert purest_neighbors([np.empty((1, 0), dtype=np.int64)]).shape == (1, 0)
    two = np.array([[1], [0]])
    np.testing.assert_array_equal(purest_neighbors([two]), two)
    np.testing.assert_array_equal(purest_neighbors([two, two]), two)
