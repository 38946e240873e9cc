import numpy as np
import pytest
import torch

from skdeepcluster import SceneGraph
from skdeepcluster.scenegraph.matching import PairEncoder
from skdeepcluster.scenegraph.retrieval import _retriever
from skdeepcluster.scenegraph.retrieval import _training as _retriever_training

from .._toy import (
    NOUNS,
    exchanged,
    make_pairs,
    make_retriever,
    random_vectors,
)


def own_similarities(est, X, y):
    """Similarity of each caption with its own image."""
    owners = np.repeat(np.arange(len(X)), [len(several) for several in y])
    return est.similarity(X, y)[owners, np.arange(len(owners))]


def test_retrieval_is_learned(fitted, pairs):
    untrained = make_retriever(max_epochs=0).fit(*pairs)
    before, after = untrained.recall_table(*pairs), fitted.recall_table(*pairs)
    assert (after["R@1"] > 0.75).all()
    assert after["R@1"].mean() > before["R@1"].mean() + 0.05
    assert len(fitted.history_["loss"]) == len(fitted.history_["seconds"]) == 14
    assert fitted.history_["loss"][-1] < fitted.history_["loss"][0] / 2


def test_new_pairs_are_found(fitted):
    assert (fitted.recall_table(*make_pairs(60, seed=1))["R@1"] > 0.5).all()


def test_relations_are_learned(fitted, pairs):
    X, y = pairs
    foils = [[exchanged(caption) for caption in several] for several in y]
    assert (own_similarities(fitted, X, y) > own_similarities(fitted, X, foils)).mean() > 0.8


def test_attributes(fitted):
    assert set(fitted.level_weights_) == {"object", "relation", "graph"}
    assert sum(fitted.level_weights_.values()) == pytest.approx(1)
    assert fitted.global_weight_ == 0
    assert fitted.n_parameters_ > 1000


def test_equal_seeds_give_equal_results(pairs):
    found, state = [], torch.random.get_rng_state()
    for seed, torch_seed in [(0, 1), (0, 2), (3, 2)]:
        torch.manual_seed(torch_seed)
        before = torch.random.get_rng_state()
        est = make_retriever(max_epochs=1, random_state=seed, validation_fraction=0.2).fit(*pairs)
        assert (torch.random.get_rng_state() == before).all()
        found.append(est.similarity(*pairs))
    torch.random.set_rng_state(state)
    np.testing.assert_array_equal(found[0], found[1])
    assert not np.allclose(found[0], found[2], atol=1e-4)


def test_the_same_graph_is_a_right_answer_among_those_held_out():
    X = [SceneGraph([noun]) for noun in NOUNS] * 2
    y = [{"text": noun, "triples": []} for noun in NOUNS] * 2
    est = make_retriever(
        word_vectors=random_vectors(NOUNS),
        max_epochs=1,
        learning_rate=1e-9,
        validation_fraction=0.5,
    ).fit(X, y)
    assert est.history_["validation_recall"] == [1]


@pytest.mark.parametrize(
    "params",
    [
        {"loss": "hardest"},
        {"symmetric": True},
        {"neighbors": False},
        {"foil_weight": 0},
        {"levels": ("relation",)},
        {"levels": ["graph", "object"]},
    ],
    ids=str,
)
def test_each_way_of_learning_learns(pairs, params):
    untrained = make_retriever(**{**params, "max_epochs": 0}).fit(*pairs)
    est = make_retriever(**params, max_epochs=5).fit(*pairs)
    # One epoch's loss depends on which captions and foils were drawn; that of all negatives, with
    # which the loss "hardest" begins, is smaller.
    loss = est.history_["loss"]
    assert np.mean(loss[-3:]) < np.mean(loss[:2]) - 0.05 or params.get("loss") == "hardest"
    assert est.score(*pairs) > untrained.score(*pairs) - 0.02
    assert est.score(*pairs) > 0.7
    assert set(est.level_weights_) == set(params.get("levels", est.level_weights_))


def test_the_epoch_that_was_best_on_pairs_held_out(pairs, monkeypatch):
    measures = []

    class Spy(_retriever.HeldOut):
        def similarities(self):
            measures.append(self)
            return super().similarities()

    monkeypatch.setattr(_retriever, "HeldOut", Spy)
    est = make_retriever(validation_fraction=0.25, max_epochs=4, learning_rate=0.1).fit(*pairs)
    recalls = est.history_["validation_recall"]
    assert len(recalls) == len(measures) == 4
    assert len(measures[0].pairs.identities) == 15
    # These are learned afterwards, of the networks that are kept.
    est._model.encoder.hubness = est._model.encoder.plausibility = None
    assert measures[0].recall(measures[0].similarities()) == pytest.approx(max(recalls))
    assert "validation_recall" not in make_retriever(max_epochs=1).fit(*pairs).history_


def test_progress_is_shown(pairs, capsys):
    make_retriever(max_epochs=2, verbose=1).fit(*pairs)
    shown = capsys.readouterr()
    assert "2/2" in shown.err and "loss" in shown.err
    # The captions of the pairs have triples already.
    assert "step 1 of 3: word vectors" in shown.err and "step 2 of 3: training" in shown.err
    assert "step 3 of 3: plausibility" in shown.err
    assert "best epoch" not in shown.err and not shown.out


def test_the_epoch_that_is_kept_is_told(pairs, capsys):
    params = {"validation_fraction": 0.25, "max_epochs": 4, "learning_rate": 0.1, "verbose": 1}
    params["plausibility"] = False
    est = make_retriever(**params).fit(*pairs)
    best = 1 + int(np.argmax(est.history_["validation_recall"]))
    assert f"best epoch kept: {best}" in capsys.readouterr().err.splitlines()[-1]


def test_foils_change_what_is_learned(pairs):
    with_foils, without = (
        make_retriever(max_epochs=1, foil_weight=weight).fit(*pairs) for weight in (1, 0)
    )
    assert with_foils.history_["loss"][0] > without.history_["loss"][0] + 0.1
    assert not np.allclose(with_foils.similarity(*pairs), without.similarity(*pairs), atol=1e-3)


def with_features(graph, rng):
    objects = [
        {"label": entry.label, "box": entry.box, "feature": rng.normal(size=3)}
        for entry in graph.objects
    ]
    relations = [
        {"subject": s, "predicate": p, "object": o, "feature": rng.normal(size=3)}
        for (s, o), p in zip(graph.pairs.tolist(), graph.predicates, strict=True)
    ]
    return {"objects": objects, "relations": relations}


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("objects", "box", (20, 10, 90, 30)),
        ("objects", "feature", [5.0, -5.0, 5.0]),
        ("relations", "feature", [5.0, -5.0, 5.0]),
    ],
)
def test_what_an_image_shows_beside_words_counts(pairs, kind, field, value):
    X, y = pairs[0][:20], pairs[1][:20]
    rng = np.random.default_rng(0)
    X = [with_features(graph, rng) for graph in X]
    est = make_retriever(max_epochs=3).fit([SceneGraph.from_dict(graph) for graph in X], y)
    before = est.similarity([SceneGraph.from_dict(X[0])], y)
    X[0][kind][0][field] = value
    after = est.similarity([SceneGraph.from_dict(X[0])], y)
    assert np.abs(after - before).max() > 1e-3


def test_a_training_is_the_same_with_any_number_of_threads(pairs, two_threads, monkeypatch):
    seen = {}

    def watch(home, name):
        learn = getattr(home, name)

        def watched(*args):
            seen[name] = torch.get_num_threads()
            return learn(*args)

        monkeypatch.setattr(home, name, watched)

    watch(_retriever_training, "train_matching_model")
    watch(PairEncoder, "learn_hubness")
    watch(PairEncoder, "learn_plausibility")
    make_retriever(max_epochs=1).fit(*pairs)
    assert seen == {"train_matching_model": 1, "learn_hubness": 1, "learn_plausibility": 1}
    assert torch.get_num_threads() == 2
