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


@pytest.mark.parametrize(
    ("sentence", "triples"),
    [
        ("The man is not wearing a hat.", set()),
        ("The man is not wearing a hat or a coat.", set()),
        ("The man is not sitting or standing.", set()),
        ("The dog does not want to eat the bone.", set()),
        ("The door is not red.", set()),
        ("There is no dog in the image.", set()),
        ("No dogs or cats are in the yard.", set()),
        ("None of the men wears a hat.", set()),
        ("Nobody is on the bench.", set()),
        ("A man wearing no hat.", set()),
        ("A tree with no leaves.", set()),
        ("The bench that no man sits on is red.", {("bench", "is", "red")}),
        ("The man isn't riding a bike but walks a dog.", {("man", "walk", "dog")}),
        ("A dog that is not barking sits on the grass.", {("dog", "sit on", "grass")}),
        ("A man crosses the street without looking at the cars.", {("man", "cross", "street")}),
        ("no parking sign attached to a pole", {("parking sign", "attach to", "pole")}),
    ],
)
def test_what_is_denied(parser, sentence, triples):
    assert set(parser.parse(sentence).triples) == triples


def test_what_is_denied_is_no_object(parser):
    assert parser.parse("There is no dog in the image.").labels == ("image",)


@pytest.mark.parametrize(
    ("sentence", "triples"),
    [
        (
            "A man sits on a bench while he reads a book.",
            {("man", "sit on", "bench"), ("man", "read", "book")},
        ),
        ("Two boys run because they chase a ball.", {("boy", "chase", "ball"), ("boy", "is", "2")}),
        (
            "A man walks behind a car that he pushed.",
            {("man", "walk behind", "car"), ("man", "push", "car")},
        ),
        (
            "A man and a woman are walking their dogs.",
            {(who, what, "dog") for who in ("man", "woman") for what in ("have", "walk")},
        ),
        (
            "On the beach, a man is running with his dog.",
            {("man", "run on", "beach"), ("man", "run with", "dog"), ("man", "have", "dog")},
        ),
        ("A dog. A cat sits next to it.", {("cat", "sit next to", "dog")}),
    ],
)
def test_pronouns(parser, sentence, triples):
    assert set(parser.parse(sentence).triples) == triples


@pytest.mark.parametrize(
    ("sentence", "triples"),
    [
        (
            "Near the lake, people are sitting on a bench.",
            {("people", "sit near", "lake"), ("people", "sit on", "bench")},
        ),
        (
            "Behind the fence a horse eats grass.",
            {("horse", "eat behind", "fence"), ("horse", "eat", "grass")},
        ),
        (
            "Looking at the camera, a woman holds a baby.",
            {("woman", "look at", "camera"), ("woman", "hold", "baby")},
        ),
        (
            "Surrounded by spectators, a man swings a club.",
            {("spectator", "surround", "man"), ("man", "swing", "club")},
        ),
        (
            "While sitting on a bench, a man reads a newspaper.",
            {("man", "sit on", "bench"), ("man", "read", "newspaper")},
        ),
        (
            "A boy kicks the ball into the goal.",
            {("boy", "kick", "ball"), ("ball", "into", "goal")},
        ),
        ("smiling woman with a hat", {("woman", "with", "hat"), ("woman", "is", "smiling")}),
        ("building near an airport", {("building", "near", "airport")}),
        ("There's a dog on the mat.", {("dog", "on", "mat")}),
    ],
)
def test_what_stands_first(parser, sentence, triples):
    assert set(parser.parse(sentence).triples) == triples


@pytest.mark.parametrize(
    ("sentence", "triples"),
    [
        ("One of the girls is wearing a hat.", {("girl", "wear", "hat")}),
        ("Two of the men are smiling.", {("man", "is", "2"), ("man", "is", "smiling")}),
        ("Several of the children are eating ice cream.", {("child", "eat", "ice cream")}),
        ("The curtain is covering some of the bananas.", {("curtain", "cover", "banana")}),
        (
            "Three men stand in a gallery, two of them point at a wall.",
            {("man", "is", "3"), ("man", "stand in", "gallery"), ("man", "point at", "wall")},
        ),
        ("a bunch of herbs on the table", {("herb", "on", "table")}),
    ],
)
def test_quantities(parser, sentence, triples):
    assert set(parser.parse(sentence).triples) == triples


@pytest.mark.parametrize(
    ("sentence", "triples"),
    [
        ("A man is taller than a woman.", {("man", "taller than", "woman")}),
        (
            "The car is red with stripes.",
            {("car", "is", "red"), ("car", "with", "stripe")},
        ),
        ("The cup is full of water.", {("cup", "is", "full"), ("cup", "full of", "water")}),
        ("the bench a man is sitting on", {("man", "sit on", "bench")}),
        ("the camera the woman holds up", {("woman", "hold up", "camera")}),
    ],
)
def test_nothing_is_said_twice(parser, sentence, triples):
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
