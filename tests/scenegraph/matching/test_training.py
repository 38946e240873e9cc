import numpy as np
import pytest
import torch

from skdeepcluster.scenegraph.graph import as_captions
from skdeepcluster.scenegraph.matching import (
    ModelSettings,
    PairEncoder,
    PhraseVectors,
    TrainingPairs,
    TrainingSettings,
    train_matching_model,
)
from skdeepcluster.scenegraph.matching._training import _captions_by_image, _draw_captions

from .._toy import NOUNS, PREDICATES, make_pairs, random_vectors, said


def trained(seed=0, toy_pairs=None, **changes):
    """Train on a toy problem; return the model and what was reported."""
    graphs, several = toy_pairs or make_pairs(16)
    captions, owners = as_captions(several)
    vectors = PhraseVectors(random_vectors([*NOUNS, *PREDICATES]))
    encoder = PairEncoder(vectors, 0)
    pairs = TrainingPairs(
        encoder.graph_tensors(graphs), encoder.caption_tensors(captions), owners, np.arange(16)
    )
    rows = []
    options = {
        "loss": "contrastive",
        "margin": 0.2,
        "foil_weight": 1.0,
        "max_epochs": 8,
        "batch_size": 8,
        "learning_rate": 5e-3,
        "weight_decay": 0.0,
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        encoder.make_model(
            pairs,
            ModelSettings(
                ("object", "relation", "graph"), neighbors=True, symmetric=False, dropout=0.1
            ),
        )
        train_matching_model(
            encoder.model,
            pairs,
            encoder.visual_phrases.vectors,
            encoder.textual_phrases.vectors,
            TrainingSettings(**{**options, **changes}),
            np.random.RandomState(seed),
            rows.append,
        )
    return encoder.model, rows


@pytest.mark.parametrize("loss", ["contrastive", "hardest"])
@pytest.mark.parametrize("foil_weight", [0, 1])
def test_the_loss_falls(loss, foil_weight):
    settings = {"loss": loss, "foil_weight": foil_weight, "max_epochs": 24}
    model, rows = trained(**settings)
    assert len(rows) == 24
    # Of the later epochs: the loss "hardest" begins as another one.
    _, untrained = trained(**settings, learning_rate=1e-9)
    found, before = (np.mean([row["loss"] for row in part[8:]]) for part in (rows, untrained))
    assert found < 0.7 * before
    assert all(row["seconds"] > 0 for row in rows)
    assert not model.training


def test_the_hardest_negatives_come_after_the_mean_of_all():
    _, rows = trained(loss="hardest", foil_weight=0, learning_rate=1e-9, max_epochs=9)
    losses = [row["loss"] for row in rows]
    # Nothing is learned: what changes is which negatives count.
    assert max(losses[:3]) < 0.7 * min(losses[3:])


def test_equal_seeds_give_equal_parameters():
    states = [trained(seed, max_epochs=2)[0].state_dict() for seed in (0, 0, 1)]
    assert all((states[0][name] == states[1][name]).all() for name in states[0])
    assert any((states[0][name] != states[2][name]).any() for name in states[0])


@pytest.mark.parametrize(
    ("triple", "can_be_changed"),
    [
        # Exchanging its ends changes nothing: only another predicate does.
        (lambda i: (NOUNS[i % 8], PREDICATES[i % 5], NOUNS[i % 8]), True),
        # All have the same predicate: only exchanging the ends changes something.
        (lambda i: (NOUNS[i % 8], "on", NOUNS[i % 8 + 1]), True),
        (lambda i: (NOUNS[i % 8], "on", NOUNS[i % 8]), False),
    ],
    ids=["predicates", "ends", "neither"],
)
def test_both_kinds_of_foils_are_trained_against(triple, can_be_changed):
    graphs, _ = make_pairs(16)
    toy_pairs = graphs, [said(triple(i)) for i in range(16)]
    losses = []
    for foil_weight in (0, 1):
        _, rows = trained(toy_pairs=toy_pairs, foil_weight=foil_weight, max_epochs=1)
        losses.append(rows[0]["loss"])
    assert (losses[1] > losses[0] + 0.1) is can_be_changed


def test_no_epochs_change_nothing():
    model, rows = trained(max_epochs=0)
    assert rows == []
    assert (model.visual.phrase.weight == 0).all()


def test_captions_are_drawn_of_their_own_image():
    rng = np.random.RandomState(0)
    owners = np.array([2, 0, 1, 0, 2, 2])
    captions_of = _captions_by_image(owners, 3)
    images = np.array([1, 2, 0])
    drawn = np.array([_draw_captions(captions_of, images, rng) for _ in range(300)])
    assert (owners[drawn] == images).all()
    for column, image in zip(drawn.T, images, strict=True):
        captions, counts = np.unique(column, return_counts=True)
        np.testing.assert_array_equal(captions, np.flatnonzero(owners == image))
        assert counts.min() > 60


def test_pairs_of_some_images():
    graphs, several = make_pairs(6)
    more = {"text": "more", "triples": []}
    captions, owners = as_captions([[*entry, more] for entry in several])
    encoder = PairEncoder(PhraseVectors(random_vectors([*NOUNS, *PREDICATES, "more"])), 0)
    pairs = TrainingPairs(
        encoder.graph_tensors(graphs), encoder.caption_tensors(captions), owners, np.arange(6) * 2
    )
    taken = pairs.take(np.array([False, True, False, False, True, True]))
    chosen = np.flatnonzero(np.isin(owners, [1, 4, 5]))
    np.testing.assert_array_equal(taken.identities, [2, 8, 10])
    np.testing.assert_array_equal(np.array([1, 4, 5])[taken.owners], owners[chosen])
    torch.testing.assert_close(taken.graphs.labels, pairs.graphs.labels[[1, 4, 5]])
    torch.testing.assert_close(taken.captions.words, pairs.captions.words[chosen])
