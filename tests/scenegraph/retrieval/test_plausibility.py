"""Captions that mix up which predicates go between which nouns count less."""

import numpy as np
import pytest

from skdeepcluster import SceneGraph

from .._toy import make_retriever, random_vectors, said

SENSE = [("man", "wear", "hat"), ("dog", "chase", "ball"), ("woman", "ride", "horse")]
NONSENSE = [(target, verb, subject) for subject, verb, target in SENSE]
WORDS = {word for triple in SENSE for word in triple}


def graph_of(*triples):
    return SceneGraph.from_triples(triples)


@pytest.fixture(scope="module")
def world():
    """Images of what makes sense, whose networks learn nothing of it: there are no foils."""
    graphs = [graph_of(triple) for triple in SENSE * 8]
    params = {"word_vectors": random_vectors(WORDS), "foil_weight": 0, "max_epochs": 1}
    params["learning_rate"] = 1e-9
    return graphs, [[said(triple)] for triple in SENSE * 8], params


@pytest.fixture(scope="module")
def est(world):
    graphs, captions, params = world
    return make_retriever(**params).fit(graphs, captions)


def gaps(est):
    """How much more similar to its image a sensible triple is than its reverse."""
    graphs = [graph_of(triple) for triple in SENSE]
    true, false = (
        est.similarity(graphs, [said(triple) for triple in triples]).diagonal()
        for triples in (SENSE, NONSENSE)
    )
    return true - false


def test_sentences_teach_what_is_plausible(world, est):
    graphs, captions, params = world
    many = [said(triple) for triple in SENSE * 400]
    more = make_retriever(**params).fit(graphs, captions, sentences=many)
    without = make_retriever(**params, plausibility=False).fit(graphs, captions, sentences=many)
    np.testing.assert_allclose(gaps(without), 0, atol=1e-6)
    assert (gaps(more) > 0.02).all()
    assert (gaps(more) > gaps(est)).all()


def test_the_order_of_images_stays(world, est):
    graphs, captions, params = world
    without = make_retriever(**params, plausibility=False).fit(graphs, captions)
    queries = [said(triple) for triple in (*SENSE, *NONSENSE)]
    difference = est.similarity(graphs[:3], queries) - without.similarity(graphs[:3], queries)
    assert (difference.max(axis=0) - difference.min(axis=0) < 1e-6).all()
    assert (difference < 0).all()
    found = est.index(graphs[:3]).kneighbors(queries, 3)[0]
    np.testing.assert_allclose(
        found, -np.sort(-est.similarity(graphs[:3], queries).T, axis=1), atol=5e-3
    )


def test_it_is_saved(est, tmp_path):
    est.save(tmp_path / "model")
    loaded = type(est).load(tmp_path / "model")
    np.testing.assert_allclose(gaps(loaded), gaps(est), atol=1e-6)
    assert loaded.n_parameters_ == est.n_parameters_


def test_without_triples_there_is_none(world):
    graphs, captions, params = world
    est = make_retriever(**params, levels=("object",)).fit(graphs, captions)
    assert est._model.encoder.plausibility is None
    np.testing.assert_allclose(gaps(est), 0, atol=1e-6)


def test_explanations_tell_what_is_implausible(world):
    graphs, captions, params = world
    est = make_retriever(**params).fit(
        graphs, captions, sentences=[said(triple) for triple in SENSE * 400]
    )
    image = graph_of(*SENSE)
    found = est.explain(image, said(SENSE[0], NONSENSE[1]))
    assert [match.plausibility > 0.5 for match in found.triples] == [True, False]
    assert str(found).count("implausible") == 1
    assert found.similarity == pytest.approx(
        est.similarity([image], [said(SENSE[0], NONSENSE[1])])[0, 0], abs=1e-6
    )
    plain = make_retriever(**params, plausibility=False).fit(graphs, captions)
    assert plain.explain(image, said(NONSENSE[1])).triples[0].plausibility is None
