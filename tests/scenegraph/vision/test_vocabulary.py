import numpy as np
import pytest
from sklearn.base import clone
from torchvision.models import detection

from skdeepcluster.backbones import encode_texts
from skdeepcluster.scenegraph.vision import VisualGraphParser, _vocabulary

from ._toy import NAMES, Stub


def test_labels_are_the_nearest_phrases(image, clip_name):
    words = ["cup", "dog", "tree", "rain"]
    # Classes that nothing names: the vocabulary stands in for them.
    parser = VisualGraphParser(Stub(), backbone=clip_name, labels=words)
    graph = parser.parse(image)
    texts = encode_texts(clip_name, [f"a photo of {word}" for word in words])
    for entry in graph.objects:
        assert entry.label == words[int((texts @ entry.feature).argmax())]
    assert graph.triples[0][1] == "on"


def test_predicates_are_the_nearest_phrases(image, clip_name, monkeypatch):
    calls = []

    def counted(backbone, texts):
        calls.append(texts)
        return encode_texts(backbone, texts)

    monkeypatch.setattr(_vocabulary, "encode_texts", counted)
    verbs = ["riding", "shines upon", "is afraid of"]
    plain = VisualGraphParser(Stub(), backbone=clip_name, labels=NAMES)
    parser = clone(plain).set_params(predicates=verbs, batch_size=1)
    images = [image, np.zeros_like(image), image[::-1]]
    graphs, without = parser.fit().transform(images), plain.fit().transform(images)
    _, phrases_of_all, _ = calls
    assert len(phrases_of_all) == len(set(phrases_of_all))
    for graph, other in zip(graphs, without, strict=True):
        assert graph.labels == other.labels
        for relation, unmatched in zip(graph.relations, other.relations, strict=True):
            ends = (unmatched.subject, unmatched.object)
            assert sorted(ends) == sorted((relation.subject, relation.object))
            triples = [(s, verb, o) for s, o in (ends, ends[::-1]) for verb in verbs]
            phrases = [
                f"a photo of {graph.labels[s]} {verb} {graph.labels[o]}" for s, verb, o in triples
            ]
            cosines = encode_texts(clip_name, phrases) @ relation.feature
            place = triples.index((relation.subject, relation.predicate, relation.object))
            assert cosines[place] == pytest.approx(cosines.max(), abs=1e-4)
    assert parser.parse(images[1]).relations == ()


def test_predicates_with_the_labels_of_the_detector(image, clip_name, network):
    coco = detection.ssdlite320_mobilenet_v3_large(
        weights=None, weights_backbone=None, num_classes=91
    )
    parser = VisualGraphParser(coco, backbone=clip_name, predicates=["near"], min_score=0)
    graph = parser.set_params(max_objects=4).parse(image)
    assert set(graph.predicates) == {"near"}
    assert set(graph.labels) <= set(parser._load().names)
    with pytest.raises(ValueError, match=r"4 classes.*not those of COCO.*with labels"):
        clone(parser).set_params(detector=network).fit()
