import pytest
import torch

from skdeepcluster.scenegraph.matching._foils import exchange_ends, replace_predicate
from skdeepcluster.scenegraph.matching._input_tensors import CaptionTensors

DOG, ON, SNOW, A, NEAR = 1, 2, 3, 4, 5


def nothing_denied(n):
    return torch.zeros(n, 1, dtype=torch.int64), torch.zeros(n, 1, 3, dtype=torch.int64)


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


@pytest.fixture
def captions():
    """A dog on a snow; a dog near a dog; nothing said; one end is no word of the sentence."""
    return CaptionTensors(
        torch.tensor(
            [
                [A, DOG, ON, A, SNOW],
                [A, DOG, NEAR, A, DOG],
                [A, DOG, 0, 0, 0],
                [SNOW, A, 0, 0, 0],
            ]
        ),
        torch.tensor([[[DOG, ON, SNOW]], [[DOG, NEAR, DOG]], [[0, 0, 0]], [[SNOW, ON, DOG]]]),
        torch.eye(4),
        *nothing_denied(4),
    )


def test_ends_change_places(captions, generator):
    foils, changed = exchange_ends(captions, generator)
    assert changed.tolist() == [True, False, False, True]
    assert foils.triples[:, 0].tolist() == [
        [SNOW, ON, DOG],
        [DOG, NEAR, DOG],
        [0, 0, 0],
        [DOG, ON, SNOW],
    ]
    assert foils.words[0].tolist() == [A, SNOW, ON, A, DOG]
    assert (foils.words[1:3] == captions.words[1:3]).all()
    assert (foils.sentences == captions.sentences).all()


def test_words_stay_if_an_end_is_none_of_them(captions, generator):
    foils, _ = exchange_ends(captions, generator)
    assert foils.words[3].tolist() == captions.words[3].tolist()


def test_exchanging_twice_changes_nothing(captions, generator):
    foils, _ = exchange_ends(captions, generator)
    back, _ = exchange_ends(foils, generator)
    assert (back.triples == captions.triples).all()
    assert (back.words[:3] == captions.words[:3]).all()


def test_the_predicate_is_replaced(captions, generator):
    foils, changed = replace_predicate(captions, torch.tensor([NEAR, NEAR]), generator)
    assert changed.tolist() == [True, False, False, True]
    assert foils.triples[:, 0, 1].tolist() == [NEAR, NEAR, 0, NEAR]
    assert (foils.triples[:, :, [0, 2]] == captions.triples[:, :, [0, 2]]).all()
    assert foils.words[0].tolist() == [A, DOG, NEAR, A, SNOW]
    assert (foils.words[1:] == captions.words[1:]).all()
    assert (foils.sentences == captions.sentences).all()


@pytest.mark.parametrize("make", [exchange_ends, replace_predicate])
def test_inputs_stay_as_they_are(captions, generator, make):
    before = [part.clone() for part in captions]
    extra = () if make is exchange_ends else (torch.tensor([NEAR]),)
    make(captions, *extra, generator)
    assert all((old == new).all() for old, new in zip(before, captions, strict=True))


def test_no_other_predicate(captions, generator):
    for predicates in ([], [ON]):
        drawn = torch.tensor(predicates, dtype=torch.int64)
        _, changed = replace_predicate(captions.take([0, 2]), drawn, generator)
        assert not changed.any()


def test_one_of_the_triples_is_drawn(generator):
    triples = torch.tensor([[DOG, ON, SNOW], [A, NEAR, DOG], [0, 0, 0]])
    captions = CaptionTensors(
        torch.zeros(200, 1, dtype=torch.int64),
        triples.repeat(200, 1, 1),
        torch.zeros(200, 2),
        *nothing_denied(200),
    )
    foils, changed = exchange_ends(captions, generator)
    different = (foils.triples != captions.triples).any(dim=2)
    assert changed.all()
    assert (different.sum(dim=1) == 1).all()
    assert (different.sum(dim=0)[:2] > 50).all()
