"""Folders of retrievers that somebody else has written, or that are damaged."""

import re

import numpy as np
import pytest
import torch

from skdeepcluster import SceneGraphRetriever
from skdeepcluster.scenegraph.retrieval import _persistence

from ..._edited_models import edited_configs, edited_tensors, read, write_config, write_tensors
from .._toy import make_retriever

# What a save of the present format writes.
PARAMS = """
batch_size device dropout foil_weight global_model learning_rate levels loss margin max_epochs
n_components neighbors plausibility random_state symmetric text_parser validation_fraction verbose
visual_parser weight_decay word_vectors
"""
FIELDS = """
format version kind params fitted levels neighbors symmetric dropout n_features encoder words
phrases global hubness
"""


@pytest.fixture(scope="module")
def small(pairs):
    return make_retriever(n_components=4, max_epochs=1).fit(*pairs)


@pytest.fixture
def folder(small, tmp_path):
    small.save(tmp_path / "model")
    return tmp_path / "model"


def load(folder):
    return SceneGraphRetriever.load(folder)


def test_whatever_is_edited_is_refused_by_name_or_compares(folder, small, pairs):
    X, y = pairs
    config, _ = read(folder)
    n_refused = 0
    for what, edited in edited_configs(config):
        write_config(folder, edited)
        try:
            est = load(folder)
        except ValueError as error:
            assert str(folder) in str(error), what
            n_refused += 1
            continue
        assert est.similarity(X[:2], y[:2]).shape[0] == 2, what
        assert est.level_weights_ == small.level_weights_, what
    assert n_refused > 500


def test_whatever_tensor_is_edited_is_refused_by_name(folder):
    for what, edited in edited_tensors(read(folder)[1]):
        write_tensors(folder, edited)
        with pytest.raises(ValueError, match=re.escape(f"{str(folder)!r} is damaged")):
            load(folder)
            pytest.fail(what)


def test_a_folder_of_format_1_loads(folder, small, pairs):
    """It has in JSON what the model itself tells, which is not asked for any more."""
    config, _ = read(folder)
    config["format"] = 1
    config["fitted"] |= {"level_weights_": {}, "global_weight_": 9, "n_parameters_": -1}
    write_config(folder, config)
    est = load(folder)
    assert (est.level_weights_, est.global_weight_) == (small.level_weights_, 0)
    assert est.n_parameters_ == small.n_parameters_
    assert torch.equal(est._model.encoder.model.neutral, small._model.encoder.model.neutral)


def test_a_folder_from_before_hubness_loads(folder, small, pairs):
    config, tensors = read(folder)
    assert config.pop("hubness") == [120, 60]
    write_config(folder, config)
    write_tensors(folder, {name: t for name, t in tensors.items() if "hubness" not in name})
    encoder = small._model.encoder
    similarities = load(folder).similarity(*pairs)
    hubness = [
        part.hubness.numpy()
        for part in (
            encoder.encode_graphs(pairs[0]),
            encoder.encode_captions(small._read_captions(pairs[1])),
        )
    ]
    expected = similarities - hubness[0][:, None] - hubness[1]
    np.testing.assert_allclose(small.similarity(*pairs), expected, atol=1e-5)


def test_parsers_of_somebody_elses_are_not_made(folder):
    config, _ = read(folder)
    config["params"]["text_parser"] = "en_core_web_sm"
    write_config(folder, config)
    assert load(folder).text_parser is None


def test_the_number_of_the_format_rises_with_its_content(folder):
    """Raise it, and the number here, for whatever a release writes that the last did not."""
    config, _ = read(folder)
    assert (_persistence._NUMBER, config["format"]) == (2, 2)
    assert sorted(config["params"]) == sorted(PARAMS.split())
    assert sorted(config) == sorted(FIELDS.split())
    assert sorted(config["fitted"]) == ["history_", "word_vectors_"]
