import numpy as np
import pytest
import torch
from torch.nn import functional

from skdeepcluster import SceneGraph

from .._toy import make_pairs, make_retriever, said
from ._toy import WORDS, encode_captions, encode_graphs, make_encoder

DOG_ZEBRA = {"text": "dog zebra", "triples": []}


def assert_same(one, other):
    """Compare the first of two encoded batches, whatever they were filled up with."""
    torch.testing.assert_close(one.graphs[0], other.graphs[0], atol=1e-5, rtol=1e-5)
    for level in ("objects", "relations"):
        a, b = getattr(one, level), getattr(other, level)
        torch.testing.assert_close(a.vectors[0][a.mask[0]], b.vectors[0][b.mask[0]])
        torch.testing.assert_close(a.weights[0][a.mask[0]], b.weights[0][b.mask[0]])


def unit(words):
    return functional.normalize(torch.tensor(np.array([WORDS[word] for word in words])).float())


def test_untrained_nodes_are_the_words():
    graphs, captions = make_pairs(3)
    encoder = make_encoder()
    for graph, (caption, _) in zip(graphs, captions, strict=True):
        seen, read = encode_graphs(encoder, graph), encode_captions(encoder, caption)
        torch.testing.assert_close(seen.objects.vectors[0], unit(graph.labels))
        torch.testing.assert_close(read.objects.vectors[0], unit(caption["text"].split()))
        mean = torch.stack([unit(triple).mean(dim=0) for triple in graph.triples])
        torch.testing.assert_close(seen.relations.vectors[0], functional.normalize(mean))
        torch.testing.assert_close(read.relations.vectors[0], functional.normalize(mean)[:1])
        sentence = encoder.phrase_vectors.of_sentences([caption["text"]])
        torch.testing.assert_close(read.graphs, torch.from_numpy(sentence))


def test_padding_does_not_matter(encoder):
    (large, *_), ((caption, _), *_) = make_pairs(1, seed=5)
    small = SceneGraph(["dog", {"label": "zebra", "box": (0, 0, 9, 5)}], [(1, "on", 0)])
    assert_same(encode_graphs(encoder, small), encode_graphs(encoder, small, large))
    short, longer = said(("dog", "on", "car")), said(*caption["triples"] * 3)
    assert_same(encode_captions(encoder, short), encode_captions(encoder, short, longer))


def test_order_of_objects_does_not_matter(encoder):
    (graph,), _ = make_pairs(1, seed=3)
    order = [2, 0, 3, 1]
    place = {old: new for new, old in enumerate(order)}
    other = SceneGraph(
        [graph.objects[old] for old in order],
        [(place[r.subject], r.predicate, place[r.object]) for r in reversed(graph.relations)],
    )
    one, two = encode_graphs(encoder, graph), encode_graphs(encoder, other)
    torch.testing.assert_close(one.graphs, two.graphs, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(one.objects.vectors[:, order], two.objects.vectors)
    torch.testing.assert_close(one.relations.vectors.flip(1), two.relations.vectors)


@pytest.mark.parametrize("word", ["zebra", "no-such-word", "?"])
def test_words_that_were_not_learned(encoder, word):
    graph = SceneGraph([word, "dog"], [(0, word, 1)])
    for encoded in (
        encode_graphs(encoder, graph),
        encode_captions(encoder, said((word, word, "dog"))),
    ):
        for part in (encoded.objects, encoded.relations):
            assert part.mask.any()
            assert torch.isfinite(part.vectors).all()
            assert (part.weights[part.mask] > 0).all()
        assert torch.isfinite(encoded.graphs).all()


def test_a_word_that_was_not_learned_weighs_the_same_whatever_was_filled_up():
    equal = [said(("dog", "on", "car")), said(("man", "on", "boat")), said(("cat", "on", "hat"))]
    longer = [*equal[:2], said(("cat", "on", "hat"), ("hat", "on", "cat"))]
    X = [SceneGraph(["dog"]), SceneGraph(["man"]), SceneGraph(["cat"])]
    ests = [make_retriever(max_epochs=0).fit(X, y) for y in (equal, longer)]
    dog, zebra = zip(
        *([m.weight for m in est.explain(X[0], DOG_ZEBRA).words] for est in ests), strict=True
    )
    assert zebra[0] / dog[0] == pytest.approx(zebra[1] / dog[1], rel=1e-4)


def test_a_label_that_was_not_learned_is_seen():
    encoder = make_encoder()
    seen = encode_graphs(encoder, SceneGraph(["zebra"]))
    torch.testing.assert_close(seen.graphs, unit(["zebra"]))
    torch.testing.assert_close(seen.objects.vectors[0], unit(["zebra"]))


@pytest.mark.parametrize("neighbors", [False, True])
def test_objects_learn_from_relations_if_they_shall(neighbors):
    encoder = make_encoder(perturbed=True, neighbors=neighbors)
    labels = ["dog", "car", "man"]
    one = encode_graphs(encoder, SceneGraph(labels, [(0, "on", 1)])).objects.vectors[0]
    other = encode_graphs(encoder, SceneGraph(labels, [(1, "chase", 0)])).objects.vectors[0]
    assert torch.allclose(one[:2], other[:2], atol=1e-6) is not neighbors
    torch.testing.assert_close(one[2], other[2])


def test_features_count():
    encoder = make_encoder(perturbed=True)
    plain, seen = SceneGraph(["dog"]), SceneGraph([{"label": "dog", "feature": [1.0, 2.0]}])
    encoded = encode_graphs(encoder, plain, seen).objects.vectors
    assert not torch.allclose(encoded[0], encoded[1], atol=1e-3)


def test_a_feature_tells_of_an_object_without_a_known_label():
    graph = SceneGraph([{"label": "xqzzy", "feature": [1.0, 2.0]}, "xqzzy"])
    assert encode_graphs(make_encoder(), graph).objects.mask.tolist() == [[True, False]]


def boxed(box):
    """A graph in which one box is given, inside that of another object."""
    objects = [{"label": "dog", "box": box}, {"label": "car", "box": (0, 0, 100, 100)}]
    return SceneGraph(objects, [(0, "on", 1)])


def test_boxes_count():
    encoder = make_encoder(perturbed=True, neighbors=False)
    encoded = encode_graphs(encoder, boxed((0, 0, 20, 20)), boxed((50, 10, 90, 90)))
    dogs, cars = encoded.objects.vectors.unbind(dim=1)
    assert not torch.allclose(dogs[0], dogs[1], atol=1e-3)
    torch.testing.assert_close(cars[0], cars[1])
    # A large object weighs more than a small one.
    assert encoded.objects.weights[1, 0] > 1.5 * encoded.objects.weights[0, 0]
    assert not torch.allclose(encoded.graphs[0], encoded.graphs[1], atol=1e-3)


def test_boxes_count_in_relations():
    encoder = make_encoder(perturbed=True, neighbors=False)
    # The objects are then the same wherever they are.
    for part in encoder.model.visual.box.parameters():
        part.data.zero_()
    encoded = encode_graphs(encoder, boxed((0, 0, 20, 20)), boxed((50, 10, 90, 90)))
    torch.testing.assert_close(encoded.objects.vectors[0], encoded.objects.vectors[1])
    relations = encoded.relations.vectors
    assert not torch.allclose(relations[0], relations[1], atol=1e-3)


@pytest.mark.parametrize("neighbors", [False, True])
def test_features_of_relations_count(neighbors):
    encoder = make_encoder(perturbed=True, neighbors=neighbors)
    relations = [
        [{"subject": 0, "predicate": "on", "object": 1, "feature": feature}]
        for feature in ([1.0, 2.0], [-2.0, 1.0])
    ]
    encoded = encode_graphs(encoder, *(SceneGraph(["dog", "car"], of) for of in relations))
    vectors = encoded.relations.vectors
    assert not torch.allclose(vectors[0], vectors[1], atol=1e-3)
    objects = encoded.objects.vectors
    assert torch.allclose(objects[0], objects[1], atol=1e-6) is not neighbors


def test_a_feature_tells_of_a_relation_without_a_known_word():
    entry = {"subject": 0, "predicate": "xqzzy", "object": 0}
    graph = SceneGraph(["xqzzy"], [{**entry, "feature": [1.0, 2.0]}, entry])
    assert encode_graphs(make_encoder(), graph).relations.mask.tolist() == [[True, False]]


def test_triples_are_read_by_their_own_network():
    encoder = make_encoder(perturbed=True)
    text, triples = "dog on car", [("dog", "on", "car"), ("car", "on", "dog")]
    captions = [{"text": text, "triples": [triple]} for triple in triples]
    encoded = encode_captions(encoder, *captions)
    vectors = encoded.relations.vectors[:, 0]
    assert not torch.allclose(vectors[0], vectors[1], atol=1e-3)
    # The words of the sentence are the same.
    torch.testing.assert_close(encoded.objects.vectors[0], encoded.objects.vectors[1])
    network = encoder.model.textual
    with torch.inference_mode():
        for triple, vector in zip(triples, vectors, strict=True):
            rows = torch.from_numpy(encoder.textual_phrases.rows(triple))
            parts = unit(triple) + network.phrase(rows)
            _, (forward, backward) = network.triple_reader(parts)
            context = network.triple_context(torch.cat([forward, backward]))
            expected = functional.normalize(parts.mean(dim=0) + context, dim=0)
            torch.testing.assert_close(vector, expected)
