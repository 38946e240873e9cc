import pickle

import pytest

from skdeepcluster.scenegraph import TextGraphParser

pytest.importorskip("spacy", reason='the parser needs pip install "skdeepcluster[text]"')


@pytest.fixture(scope="module")
def parser():
    try:
        return TextGraphParser().fit()
    except ImportError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize(
    ("sentence", "triples"),
    [
        ("A dog is running through the snow.", {("dog", "run through", "snow")}),
        ("a dog running through snow", {("dog", "run through", "snow")}),
        ("The man holds a red umbrella.", {("man", "hold", "umbrella"), ("umbrella", "is", "red")}),
        ("Two women are sitting.", {("woman", "is", "2"), ("woman", "is", "sitting")}),
        ("The carriage is pulled by horses.", {("horse", "pull", "carriage")}),
        ("a horse surrounded by birds", {("bird", "surround", "horse")}),
        (
            "A boy wears a hat and a scarf.",
            {("boy", "wear", "hat"), ("boy", "wear", "scarf")},
        ),
        ("the man's hat is black", {("man", "have", "hat"), ("hat", "is", "black")}),
        ("a group of people on the beach", {("people", "on", "beach")}),
        ("There is a plane in the sky.", {("plane", "in", "sky")}),
        ("The cat is next to the lamp.", {("cat", "next to", "lamp")}),
        ("a fence in front of the house", {("fence", "in front of", "house")}),
        ("The door is white and brown.", {("door", "is", "white"), ("door", "is", "brown")}),
        ("the shoes the woman is wearing", {("woman", "wear", "shoe")}),
        ("a snow covered mountain", {("snow", "cover", "mountain")}),
        ("clock on a pole", {("clock", "on", "pole")}),
        ("a man wearing a t-shirt", {("man", "wear", "t-shirt")}),
    ],
)
def test_what_is_said(parser, sentence, triples):
    assert set(parser.parse(sentence).triples) == triples


def test_equal_nouns_are_different_objects(parser):
    graph = parser.parse("A man is standing beside another man.")
    assert graph.labels.count("man") == 2
    assert (graph.pairs[0, 0] != graph.pairs[0, 1]).all()


@pytest.mark.parametrize("sentence", ["", "   ", ".", "!?", "quickly"])
def test_nothing_said(parser, sentence):
    assert parser.parse(sentence).relations == ()


def test_many_sentences_at_a_time(parser):
    sentences = ["A dog runs.", "", "A cat on a mat."] * 3
    graphs = parser.transform(sentences)
    assert graphs == [parser.parse(sentence) for sentence in sentences]
    assert pickle.loads(pickle.dumps(parser)).transform(sentences) == graphs


def test_what_is_no_sentence(parser):
    with pytest.raises(TypeError, match="one sentence"):
        parser.transform("A dog.")
    with pytest.raises(TypeError, match=r"X\[1\] is 3"):
        parser.transform(["A dog.", 3])


def test_a_model_that_is_missing():
    with pytest.raises(ImportError, match=r"skdeepcluster\[text\]"):
        TextGraphParser("no_such_model").parse("A dog.")
