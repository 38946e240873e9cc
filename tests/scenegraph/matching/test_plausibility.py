import numpy as np
import pytest
import torch

from skdeepcluster.scenegraph.matching._plausibility import TriplePlausibility

MEN, DOGS, SHIRTS, BALLS, WEAR, CHASE, HAVE = range(1, 8)


@pytest.fixture(scope="module")
def vectors():
    generator = torch.Generator().manual_seed(0)
    return torch.cat([torch.zeros(1, 16), torch.randn(7, 16, generator=generator)])


@pytest.fixture(scope="module")
def learned(vectors):
    """Men wear shirts, dogs chase balls, both have either."""
    stated = [(MEN, WEAR, SHIRTS), (DOGS, CHASE, BALLS), (MEN, HAVE, BALLS), (DOGS, HAVE, SHIRTS)]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        triples = np.repeat(np.array(stated), 2000, axis=0)
        return TriplePlausibility.learn(triples, vectors, np.random.RandomState(0))


def log_ratio(learned, vectors, *triple):
    return float(learned(vectors[list(triple)]))


def test_the_log_ratio_is_that_of_stated_and_mixed_up_triples(learned, vectors):
    """Of "men wear shirts" a quarter is stated; of mixed ones, half have a random predicate."""
    # Stated 1/4; mixed: 1/2 * 1/4 * P("wear" is drawn) 1/4, never by exchange.
    assert log_ratio(learned, vectors, MEN, WEAR, SHIRTS) == pytest.approx(np.log(8), abs=0.5)
    # "Have" is half of the predicates.
    assert log_ratio(learned, vectors, MEN, HAVE, BALLS) == pytest.approx(np.log(4), abs=0.5)


def test_what_nobody_states_is_implausible(learned, vectors):
    for triple in ((SHIRTS, WEAR, MEN), (MEN, CHASE, SHIRTS), (BALLS, CHASE, DOGS)):
        assert log_ratio(learned, vectors, *triple) < -2


def test_implausibility_is_less_the_log_probability_of_all_triples(learned, vectors):
    rows = torch.tensor(
        [[[MEN, WEAR, SHIRTS], [SHIRTS, WEAR, MEN]], [[MEN, WEAR, SHIRTS], [0] * 3]]
    )
    probabilities = torch.sigmoid(learned.log_odds(vectors[rows]))
    expected = [-probabilities[0].log().sum(), -probabilities[1, 0].log()]
    found = learned.implausibility(vectors[rows])
    torch.testing.assert_close(found, torch.stack(expected))
    assert found[0] > 10 * found[1]


def test_unknown_words_are_no_evidence(learned, vectors):
    rows = torch.tensor([[[SHIRTS, WEAR, 0]], [[0, WEAR, MEN]], [[0, 0, 0]]])
    assert (learned.implausibility(vectors[rows]) == 0).all()
    assert learned.implausibility(vectors[rows[:0]]).shape == (0,)
