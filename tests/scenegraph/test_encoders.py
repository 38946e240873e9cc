import numpy as np
import pytest
import torch
from torch.nn import functional

from skdeepcluster import SceneGraph
from skdeepcluster.scenegraph.matching._pair_encoder import PairEncoder
from skdeepcluster.scenegraph.matching._training import Pairs
from skdeepcluster.scenegraph.matching._vectors import PhraseVectors
from skdeepcluster.scenegraph.retrieval._captions import as_captions

from ._toy import NOUNS, PREDICATES, make_pairs, make_retriever, random_vectors, said

DOG_ZEBRA = {"text": "dog zebra", "triples": []}
WORDS = random_vectors([*NOUNS, *PREDICATES, "a", "the", "and", "zebra"])


def make_encoder(perturbed=False, **changes):
    """Encoders of a toy world; perturbed, every parameter is drawn at random."""
    graphs, several = make_pairs(12)
    captions, owners = as_captions(several)
    encoder = PairEncoder(PhraseVectors(WORDS), 2)
    pairs = Pairs(
        encoder.graph_inputs(graphs), encoder.caption_inputs(captions), owners, np.arange(12)
    )
    options = {
        "levels": ("object", "relation", "graph"),
        "neighbors": True,
        "symmetric": False,
        "dropout": 0.2,
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        encoder.make_model(pairs, **{**options, **changes})
        if perturbed:
            for part in encoder.model.parameters():
                part.data += 0.1 * torch.randn(part.shape)
    return encoder


@pytest.fixture(params=[False, True], ids=["untrained", "perturbed"])
def encoder(request):
    return make_encoder(request.param)


def encode_graphs(encoder, *graphs):
    return encoder.encode_graphs(list(graphs))


def encode_captions(encoder, *captions):
    return encoder.encode_captions(as_captions(captions)[0])


def assert_same(one, other):
    """Compare the first of two encoded batches, whatever they were filled up with."""
    torch.testing.assert_close(one.whole[0], other.whole[0], atol=1e-5, rtol=1e-5)
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
        torch.testing.assert_close(read.whole, torch.from_numpy(sentence))


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
    torch.testing.assert_close(one.whole, two.whole, atol=1e-5, rtol=1e-5)
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
        assert torch.isfinite(encoded.whole).all()


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
    torch.testing.assert_close(seen.whole, unit(["zebra"]))
    torch.testing.assert_close(seen.objects.vectors[0], unit(["zebra"]))


def test_nothing_is_zeros(encoder):
    seen = encode_graphs(encoder, SceneGraph([]), SceneGraph(["dog"]))
    read = encode_captions(
        encoder, said(), {"text": "...", "triples": []}, said(("dog", "on", "car"))
    )
    for encoded in (seen, read):
        assert (encoded.whole[0] == 0).all()
        assert not encoded.objects.mask[0].any()
        assert not encoded.relations.mask[0].any()
    encoder.model.neutral += torch.tensor([0.1, 0.2, 0.3])
    neutral = (encoder.model.shares * encoder.model.neutral).sum()
    similarities = encoder.model.similarity(seen, read)
    assert (similarities[0] == neutral).all()
    assert (similarities[:, :2] == neutral).all()
    assert similarities[1, 2] != neutral


def test_neutral_is_what_the_softmax_has_on_average_of_others():
    encoder = make_encoder()
    relations = [(0, "on", 1)]
    graphs = [
        SceneGraph(["dog", "car"], relations),
        SceneGraph(["dog"]),
        SceneGraph(["car", "man"]),
    ]
    triples = [("dog", "on", "car"), ("man", "on", "horse"), ("car", "on", "horse")]
    seen, read = encode_graphs(encoder, *graphs), encode_captions(encoder, *map(said, triples))
    model = encoder.model.train()
    with torch.no_grad():
        for _ in range(2):
            model.similarity(seen, read)
        steepness = float(model.temperature) / len(model.levels)
        for neutral, level in zip(model.neutral, model.levels, strict=True):
            similarities = model.level(level, seen, read)[0].double()
            others = [
                similarities[i, j]
                for i in range(1 if level == "relation" else 3)
                for j in range(3)
                if i != j
            ]
            expected = np.log(np.mean(np.exp(steepness * np.array(others)))) / steepness
            assert float(neutral) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("symmetric", [False, True])
def test_gradients_are_finite(symmetric):
    encoder = make_encoder(symmetric=symmetric)
    graphs = [SceneGraph([]), SceneGraph(["?"]), SceneGraph(["dog", "car"], [(0, "on", 1)])]
    captions, _ = as_captions([said(), said(("?", "on", "car")), said(("dog", "on", "car"))])
    model = encoder.model.train()
    graphs, captions = encoder.graph_inputs(graphs), encoder.caption_inputs(captions)
    seen = model.visual(graphs, encoder.visual_phrases.vectors)
    read = model.textual(captions, encoder.textual_phrases.vectors)
    (model.similarity(seen, read).sum() + model.pair_similarity(seen, read).sum()).backward()
    gradients = [part.grad for part in model.parameters() if part.grad is not None]
    assert gradients
    assert all(torch.isfinite(gradient).all() for gradient in gradients)


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


def test_many_are_encoded_in_parts(monkeypatch, encoder):
    graphs, captions = make_pairs(7)
    captions = [caption for several in captions for caption in several]
    graphs[2] = SceneGraph(["dog"] * 9)
    captions[3] = said(*[("man", "on", "horse")] * 5)
    whole = encode_graphs(encoder, *graphs), encode_captions(encoder, *captions)
    with torch.inference_mode():
        expected = encoder.model.similarity(*whole)
    monkeypatch.setattr("skdeepcluster.scenegraph.matching._pair_encoder._MOST_NODES", 20)
    parts = encode_graphs(encoder, *graphs), encode_captions(encoder, *captions)
    with torch.inference_mode():
        np.testing.assert_allclose(encoder.model.similarity(*parts), expected, atol=1e-5)
    found = encoder.similarity(graphs, as_captions(captions)[0])
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_long_sentence_fills_up_few_others(encoder, monkeypatch):
    monkeypatch.setattr("skdeepcluster.scenegraph.matching._pair_encoder._MOST_NODES", 40)
    places = []
    encoder.model.textual.register_forward_hook(
        lambda _, inputs, __: places.append(inputs[0].words.numel())
    )
    captions = [said(("dog", "on", "car"))] * 50
    captions[7] = {"text": "dog " * 30, "triples": []}
    encode_captions(encoder, *captions)
    assert max(places) <= 40


def test_unknown_words_are_left_out():
    encoder = make_encoder()
    graphs = [SceneGraph(["dog"]), SceneGraph(["xqzzy", "dog"])]
    texts = [{"text": text, "triples": []} for text in ("dog", "xqzzy dog", "xqzzy")]
    found = encoder.similarity(graphs, as_captions(texts)[0])
    np.testing.assert_allclose(found[:, :2], 2 / 3, atol=1e-5)
    # Nothing was learned, so 0 is neutral.
    assert (found[:, 2] == 0).all()
    relations = [SceneGraph(["xqzzy"], [(0, "xqzzy", 0)]), SceneGraph(["dog"], [(0, "xqzzy", 0)])]
    seen = encode_graphs(encoder, *relations)
    read = encode_captions(encoder, said(("xqzzy",) * 3), said(("xqzzy", "xqzzy", "dog")))
    for encoded in (seen, read):
        assert encoded.relations.mask[:, 0].tolist() == [False, True]


def test_a_feature_tells_of_an_object_without_a_known_label():
    graph = SceneGraph([{"label": "xqzzy", "feature": [1.0, 2.0]}, "xqzzy"])
    assert encode_graphs(make_encoder(), graph).objects.mask.tolist() == [[True, False]]


def test_pairs_are_the_diagonal(encoder):
    graphs, captions = make_pairs(5)
    seen = encode_graphs(encoder, *graphs, SceneGraph([]), SceneGraph(["dog"]))
    read = encode_captions(
        encoder, *[c for c, _ in captions], {"text": "no triple", "triples": []}, said()
    )
    with torch.inference_mode():
        found = encoder.model.pair_similarity(seen, read)
        expected = encoder.model.similarity(seen, read).diagonal()
    np.testing.assert_allclose(found, expected, atol=1e-6)
