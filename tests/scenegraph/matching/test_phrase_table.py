import numpy as np
import pytest
import torch

from skdeepcluster.scenegraph.matching._phrase_table import (
    PhraseTable,
    document_frequencies,
    rarity,
)
from skdeepcluster.scenegraph.matching._phrase_vectors import PhraseVectors

from .._toy import random_vectors


@pytest.fixture
def table():
    return PhraseTable(PhraseVectors(random_vectors(["dog", "cat", "hat"], 4)))


def test_row_0_is_nothing(table):
    assert len(table) == 1
    assert table.rows([]).shape == (0,)
    assert (table.vectors == 0).all()
    assert (table.rows(["dog", "unknown"]) > 0).all()


def test_rows_stay_as_they_are(table):
    np.testing.assert_array_equal(table.rows(["dog", "cat", "dog"]), [1, 2, 1])
    before = table.vectors.clone()
    np.testing.assert_array_equal(table.rows(["hat", "dog", "hat"]), [3, 1, 3])
    assert len(table) == 4
    torch.testing.assert_close(table.vectors[:3], before)


def test_vectors_are_those_of_the_phrases(table):
    phrases = ["cat", "hat", "dog"]
    rows = table.rows(phrases)
    np.testing.assert_array_equal(table.vectors[rows], table._lookup(phrases))


def test_document_frequencies_are_those_of_a_loop():
    rows = torch.randint(8, (20, 6), generator=torch.Generator().manual_seed(0))
    counts = document_frequencies(rows, 10)
    assert counts.tolist() == [0, *(sum(n in row for row in rows.tolist()) for n in range(1, 10))]


def test_rarity():
    found = rarity(torch.tensor([0.0, 1.0, 9.0]), 9)
    np.testing.assert_allclose(found, [np.log(10), np.log(5), 0.05], rtol=1e-6)
