import pytest

from skdeepcluster import SceneGraph
from skdeepcluster.scenegraph.graph import Caption
from skdeepcluster.scenegraph.retrieval import _parsing
from skdeepcluster.scenegraph.retrieval._parsing import parse_captions

from .._toy import Parser

DOG_IN_SNOW = ("dog", "in", "snow")


def test_only_what_is_not_parsed_is_parsed():
    parser = Parser({"a": SceneGraph(["x", "y"], [(0, "on", 1)]), "c": SceneGraph(["z"])})
    captions = [
        Caption("a", None),
        Caption("b", (DOG_IN_SNOW,)),
        Caption("c", None),
        Caption("d", ()),
    ]
    assert parse_captions(captions, parser) == [
        Caption("a", (("x", "on", "y"),)),
        Caption("b", (DOG_IN_SNOW,)),
        Caption("c", ()),
        Caption("d", ()),
    ]
    assert parser.asked == ["a", "c"]


def test_parsing_with_a_bar_is_the_same(monkeypatch, capsys):
    parser = Parser({letter: SceneGraph([letter]) for letter in "abcde"})
    captions = [Caption(letter, None) for letter in "abcde"]
    expected = parse_captions(captions, parser)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(_parsing, "_N_AT_ONCE", 2)
    assert parse_captions(captions, parser, verbose=1) == expected
    assert parser.asked == [*"abcde", *"abcde"]
    assert "5/5" in capsys.readouterr().err
    parser.graphs["e"] = "no graph"
    with pytest.raises(TypeError, match="for entry 4"):
        parse_captions(captions, parser, verbose=1)


def test_no_parser_is_needed_if_all_is_parsed():
    captions = [Caption("a", ())]
    assert parse_captions(captions, None) == captions
