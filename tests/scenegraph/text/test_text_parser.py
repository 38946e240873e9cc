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


def denied(graph):
    """What is said not to be there, and not to be so; attributes are no objects."""
    attributes = {r.object for r in graph.relations if r.predicate == "is"}
    absent = {o.label for i, o in enumerate(graph.objects) if o.negated and i not in attributes}
    return absent, set(graph.negated_triples)


@pytest.mark.parametrize(
    ("sentence", "absent", "triples"),
    [
        ("There is no dog in the image.", {"dog"}, {("dog", "in", "image")}),
        ("A man wearing no hat.", {"hat"}, {("man", "wear", "hat")}),
        (
            "A tree without leaves or fruit.",
            {"leaf", "fruit"},
            {("tree", "with", "leaf"), ("tree", "with", "fruit")},
        ),
        ("a boy in jeans and no shoes", {"shoe"}, {("boy", "in", "shoe")}),
        (
            "The street has no cars, trucks or buses.",
            {"car", "truck", "bus"},
            {("street", "have", "car"), ("street", "have", "truck"), ("street", "have", "bus")},
        ),
        # What is definite is there; what is indefinite is not.
        ("The man is not sitting on the bench.", set(), {("man", "sit on", "bench")}),
        ("The man isn't wearing a hat.", {"hat"}, {("man", "wear", "hat")}),
        ("The man isn\u2019t wearing a hat.", {"hat"}, {("man", "wear", "hat")}),
        ("THE MAN ISN'T WEARING A HAT.", {"hat"}, {("man", "wear", "hat")}),
        ("The dog never leaves the yard.", set(), {("dog", "leave", "yard")}),
        ("The boy is no longer holding the kite.", set(), {("boy", "hold", "kite")}),
        ("There are hardly any people on the beach.", {"people"}, {("people", "on", "beach")}),
        ("Nobody is on the bench.", {"person"}, {("person", "on", "bench")}),
        ("There is nothing on the table.", {"thing"}, {("thing", "on", "table")}),
        ("None of the men wears a hat.", {"hat"}, {("man", "wear", "hat")}),
        ("Neither man is smiling.", set(), {("man", "is", "smiling")}),
        (
            "A table with neither fork nor knife.",
            {"fork", "knife"},
            {("table", "with", "fork"), ("table", "with", "knife")},
        ),
        ("The door is not red.", set(), {("door", "is", "red")}),
        ("The car is not black but white.", set(), {("car", "is", "black")}),
        ("The man is holding not a phone but a camera.", {"phone"}, {("man", "hold", "phone")}),
        ("A man with a cat, not a dog.", {"dog"}, {("man", "with", "dog")}),
        ("A man rides a donkey instead of a horse.", {"horse"}, {("man", "ride", "horse")}),
        ("Everyone except the woman is sitting.", set(), {("woman", "is", "sitting")}),
        ("The bike lacks a seat.", {"seat"}, {("bike", "have", "seat")}),
        ("A doll missing an arm lies on the floor.", {"arm"}, {("doll", "have", "arm")}),
        ("The wheel of the cart is missing.", {"wheel"}, {("cart", "have", "wheel")}),
        ("A street free of cars.", {"car"}, {("street", "have", "car")}),
        ("The player fails to catch the ball.", set(), {("player", "catch", "ball")}),
        ("A dog not on a leash.", {"leash"}, {("dog", "on", "leash")}),
        ("No dog on a leash.", {"dog", "leash"}, {("dog", "on", "leash")}),
        ("The plate is not on the table but on the floor.", set(), {("plate", "on", "table")}),
    ],
)
def test_denials_are_part_of_the_graph(parser, sentence, absent, triples):
    assert denied(parser.parse(sentence)) == (absent, triples)


@pytest.mark.parametrize(
    ("sentence", "triples"),
    [
        ("A child wearing nothing but a diaper.", {("child", "wear", "diaper")}),
        (
            "The shirt is not only red but also white.",
            {("shirt", "is", "red"), ("shirt", "is", "white")},
        ),
        ("A no parking sign is hanging on a pole.", {("parking sign", "hang on", "pole")}),
        ("a table not without a cloth", {("table", "with", "cloth")}),
        # Some of them do.
        ("Not all of the men wear hats.", set()),
    ],
)
def test_what_only_looks_denied(parser, sentence, triples):
    graph = parser.parse(sentence)
    assert set(graph.triples) == triples
    assert denied(graph) == (set(), set())


def test_what_is_without_something_is_somewhere(parser):
    graph = parser.parse("A man without a shirt on a skateboard.")
    assert set(graph.triples) == {("man", "on", "skateboard")}
    graph = parser.parse("A man without a hat on his head.")
    assert ("man", "on", "head") not in graph.triples


@pytest.mark.parametrize(
    ("sentence", "labels", "triples"),
    [
        ("there is a dog and a cat", ("dog", "cat"), set()),
        ("There's a man, a woman and a child.", ("man", "woman", "child"), set()),
        ("There sits a dog and a cat.", ("dog", "cat"), set()),
        (
            "there are two dogs, a cat and a bird in the yard",
            ("dog", "cat", "bird", "yard", "2"),
            {("dog", "is", "2"), ("cat", "in", "yard"), ("bird", "in", "yard")},
        ),
        (
            "In the garden there is a dog and a cat.",
            ("garden", "dog", "cat"),
            {("dog", "in", "garden"), ("cat", "in", "garden")},
        ),
    ],
)
def test_lists_of_what_there_is(parser, sentence, labels, triples):
    graph = parser.parse(sentence)
    assert graph.labels == labels
    assert set(graph.triples) == triples


@pytest.mark.parametrize(
    "sentence",
    [
        "a man with a red umbrella is walking his dog near the lake",
        "two women aren't wearing hats but they hold the man's bags",
        'a sign that says "stop" is next to a one-way street',
    ],
)
def test_neither_case_nor_typography_changes_a_graph(parser, sentence):
    typographic = sentence.replace("'", "\u2019").replace("-", "\u2011")
    typographic = typographic.replace('"', "\u201c", 1).replace('"', "\u201d")
    title = " ".join(word[:1].upper() + word[1:] for word in sentence.split())
    for written in (sentence.upper(), title, typographic, typographic.upper()):
        assert parser.parse(written) == parser.parse(sentence)


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
