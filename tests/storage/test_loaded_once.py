import copy
import pickle

from sklearn.base import BaseEstimator

from skdeepcluster.storage import loaded_once


class Parser(BaseEstimator):
    def __init__(self, model="small"):
        self.model = model

    def load(self):
        return loaded_once(self, self.model, lambda: [self.model])


def test_loaded_at_first_use_and_again_when_the_key_changes():
    parser = Parser()
    assert "_loaded" not in vars(parser)
    first = parser.load()
    assert parser.load() is first
    assert parser.set_params(model="large").load() == ["large"]
    parser._loaded = None
    assert parser.set_params(model="small").load() is not first


def test_pickles_and_copies_hold_nothing():
    parser = Parser()
    # A value that cannot be pickled at all.
    loaded_once(parser, "small", lambda: lambda: None)
    for again in (pickle.loads(pickle.dumps(parser)), copy.deepcopy(parser)):
        assert again._loaded is None
        assert again.load() == ["small"]
