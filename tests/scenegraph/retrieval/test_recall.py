import numpy as np
import pytest

from skdeepcluster.scenegraph.retrieval._recall import mean_recall, recall_table


def slow_ranks(similarities, relevant):
    """Rank of the best right answer, where wrong ones that are as good come first."""
    return [
        1 + min(sum(o >= s for o, r in zip(row, right, strict=True) if not r) for s in row[right])
        for row, right in zip(similarities, relevant, strict=True)
    ]


def test_recall_is_that_of_a_loop():
    rng = np.random.default_rng(0)
    owners = np.repeat(np.arange(20), 2)
    identities = np.arange(20)
    identities[3] = 7
    similarities = rng.integers(0, 30, (20, 40)) / 10
    relevant = identities[:, None] == identities[owners]
    similarities[relevant] += 1
    table = recall_table(similarities, owners, identities)
    for name, ranks in {
        "image to text": slow_ranks(similarities, relevant),
        "text to image": slow_ranks(similarities.T, relevant.T),
    }.items():
        for k in (1, 5, 10):
            assert table.loc[name, f"R@{k}"] == pytest.approx(np.mean(np.array(ranks) <= k))
        assert table.loc[name, "median rank"] == np.median(ranks)
    assert mean_recall(table) == pytest.approx(table.iloc[:, :3].to_numpy().mean())


def test_perfect_and_useless():
    owners = np.arange(12)
    assert mean_recall(recall_table(np.eye(12), owners, owners)) == 1
    assert mean_recall(recall_table(np.zeros((12, 12)), owners, owners)) == 0
