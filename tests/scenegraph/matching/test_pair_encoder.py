import numpy as np
import torch

from skdeepcluster import SceneGraph
from skdeepcluster.scenegraph.graph import as_captions

from .._toy import make_pairs, said
from ._toy import encode_captions, encode_graphs


def test_many_are_encoded_in_parts(monkeypatch, encoder):
    graphs, captions = make_pairs(7)
    captions = [caption for several in captions for caption in several]
    graphs[2] = SceneGraph(["dog"] * 9)
    captions[3] = said(*[("man", "on", "horse")] * 5)
    both_sides = encode_graphs(encoder, *graphs), encode_captions(encoder, *captions)
    with torch.inference_mode():
        expected = encoder.model.joint_similarity(*both_sides)
    monkeypatch.setattr("skdeepcluster.scenegraph.matching._pair_encoder._MOST_NODES", 20)
    parts = encode_graphs(encoder, *graphs), encode_captions(encoder, *captions)
    with torch.inference_mode():
        np.testing.assert_allclose(encoder.model.joint_similarity(*parts), expected, atol=1e-5)
    found = encoder.graph_similarity(graphs, as_captions(captions)[0])
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
