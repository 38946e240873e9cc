"""Whatever is passed reaches the networks: each of it changes what an estimator computes."""

import numpy as np
import pytest

from skdeepcluster import SceneGraph

from .._toy import make_pairs, make_retriever


def with_features(graph, rng):
    """Give each object and each relation a feature."""
    objects = [
        {"label": entry.label, "box": entry.box, "feature": rng.normal(size=3)}
        for entry in graph.objects
    ]
    relations = [
        {
            "subject": entry.subject,
            "predicate": entry.predicate,
            "object": entry.object,
            "feature": rng.normal(size=3),
        }
        for entry in graph.relations
    ]
    return SceneGraph(objects, relations)


@pytest.fixture(scope="module")
def featured():
    graphs, captions = make_pairs(24)
    rng = np.random.default_rng(0)
    return [with_features(graph, rng) for graph in graphs], captions


CHANGES = [
    {"foil_weight": 0},
    {"foil_weight": 0.5},
    {"plausibility": False},
    {"neighbors": False},
    {"symmetric": False},
    {"loss": "hardest"},
    {"loss": "hardest", "margin": 0.4},
    {"dropout": 0.0},
    {"weight_decay": 0.9},
    {"learning_rate": 1e-3},
    {"batch_size": 8},
    {"n_components": 8},
    {"max_epochs": 1},
    {"levels": ("object", "relation")},
    {"random_state": 1},
]


@pytest.fixture(scope="module")
def similarities(featured):
    X, y = featured
    return [
        make_retriever(**{"max_epochs": 2, **c}).fit(X, y).similarity(X, y) for c in ({}, *CHANGES)
    ]


def test_each_parameter_changes_what_is_learned(similarities):
    for i, one in enumerate(similarities):
        for j, other in enumerate(similarities[:i]):
            assert one.shape == other.shape
            assert not np.allclose(one, other, atol=1e-5), (CHANGES[i - 1], j)


@pytest.fixture(scope="module", params=["object", "relation"])
def est(request, featured):
    """Compares on one level, where objects learn nothing from relations."""
    return make_retriever(levels=(request.param,), neighbors=False, max_epochs=4).fit(*featured)


def moved(graph, **changes):
    """Change the first object, or, with "predicate" or "union", the first relation."""
    objects = [{"label": o.label, "box": o.box, "feature": o.feature} for o in graph.objects]
    relations = [
        {"subject": r.subject, "predicate": r.predicate, "object": r.object, "feature": r.feature}
        for r in graph.relations
    ]
    first = graph.relations[0]
    if "union" in changes:
        relations[0]["feature"] = changes["union"]
    elif "predicate" in changes:
        relations[0]["predicate"] = changes["predicate"]
    else:
        objects[first.subject] |= changes
    return SceneGraph(objects, relations)


@pytest.mark.parametrize(
    ("changes", "levels"),
    [
        ({"label": "boat"}, ("object", "relation")),
        ({"box": (1.0, 1.0, 99.0, 99.0)}, ("object", "relation")),
        ({"box": None}, ("object", "relation")),
        ({"feature": [3.0, -3.0, 3.0]}, ("object", "relation")),
        ({"feature": None}, ("object", "relation")),
        ({"union": [3.0, -3.0, 3.0]}, ("relation",)),
        ({"union": None}, ("relation",)),
        ({"predicate": "near by"}, ("relation",)),
    ],
    ids=str,
)
def test_each_part_of_a_graph_counts(est, featured, changes, levels):
    X, y = featured
    one, other = est.similarity([X[0], moved(X[0], **changes)], y)
    assert (not np.allclose(one, other, atol=1e-5)) is (est.levels[0] in levels)


def test_the_order_of_a_triple_counts(est, featured):
    """The mean of its words is the same; only the network that reads it tells the difference."""
    X, _ = featured
    triples = [("dog", "chase", "man"), ("man", "chase", "dog")]
    one, other = est.similarity(
        X, [{"text": "dog man chase", "triples": [triple]} for triple in triples]
    ).T
    assert (not np.allclose(one, other, atol=1e-5)) is (est.levels == ("relation",))


def test_the_order_of_words_counts(est, featured):
    """The network that reads the sentence gives the words a context."""
    X, _ = featured
    triples = [("dog", "chase", "man")]
    one, other = est.similarity(
        X, [{"text": text, "triples": triples} for text in ("dog chase man", "man chase dog")]
    ).T
    assert (not np.allclose(one, other, atol=1e-5)) is (est.levels == ("object",))
