import numpy as np
import pytest
import torch

from skdeepcluster import SceneGraph
from skdeepcluster.scenegraph.graph import as_captions

from .._toy import make_pairs, said
from ._toy import encode_captions, encode_graphs, make_encoder


def test_nothing_is_zeros(encoder):
    seen = encode_graphs(encoder, SceneGraph([]), SceneGraph(["dog"]))
    read = encode_captions(
        encoder, said(), {"text": "...", "triples": []}, said(("dog", "on", "car"))
    )
    for encoded in (seen, read):
        assert (encoded.graphs[0] == 0).all()
        assert not encoded.objects.mask[0].any()
        assert not encoded.relations.mask[0].any()
    encoder.model.neutral += torch.tensor([0.1, 0.2, 0.3])
    neutral = (encoder.model.shares * encoder.model.neutral).sum()
    similarities = encoder.model.joint_similarity(seen, read)
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
            model.joint_similarity(seen, read)
        steepness = float(model.logit_scale) / len(model.levels)
        for neutral, level in zip(model.neutral, model.levels, strict=True):
            similarities = model.level_similarity(level, seen, read)[0].double()
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
    graphs, captions = encoder.graph_tensors(graphs), encoder.caption_tensors(captions)
    seen = model.visual(graphs, encoder.visual_phrases.vectors)
    read = model.textual(captions, encoder.textual_phrases.vectors)
    (
        model.joint_similarity(seen, read).sum() + model.joint_similarity_of_pairs(seen, read).sum()
    ).backward()
    gradients = [part.grad for part in model.parameters() if part.grad is not None]
    assert gradients
    assert all(torch.isfinite(gradient).all() for gradient in gradients)


def test_unknown_words_are_left_out():
    encoder = make_encoder()
    graphs = [SceneGraph(["dog"]), SceneGraph(["xqzzy", "dog"])]
    texts = [{"text": text, "triples": []} for text in ("dog", "xqzzy dog", "xqzzy")]
    found = encoder.graph_similarity(graphs, as_captions(texts)[0])
    np.testing.assert_allclose(found[:, :2], 2 / 3, atol=1e-5)
    # Nothing was learned, so 0 is neutral.
    assert (found[:, 2] == 0).all()
    relations = [SceneGraph(["xqzzy"], [(0, "xqzzy", 0)]), SceneGraph(["dog"], [(0, "xqzzy", 0)])]
    seen = encode_graphs(encoder, *relations)
    read = encode_captions(encoder, said(("xqzzy",) * 3), said(("xqzzy", "xqzzy", "dog")))
    for encoded in (seen, read):
        assert encoded.relations.mask[:, 0].tolist() == [False, True]


def test_pairs_are_the_diagonal(encoder):
    graphs, captions = make_pairs(5)
    seen = encode_graphs(encoder, *graphs, SceneGraph([]), SceneGraph(["dog"]))
    read = encode_captions(
        encoder, *[c for c, _ in captions], {"text": "no triple", "triples": []}, said()
    )
    with torch.inference_mode():
        found = encoder.model.joint_similarity_of_pairs(seen, read)
        expected = encoder.model.joint_similarity(seen, read).diagonal()
    np.testing.assert_allclose(found, expected, atol=1e-6)
