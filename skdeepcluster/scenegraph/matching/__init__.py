"""Encoding and comparing graphs and captions: word vectors, encoders, the model, its training."""

from ._encoded import Encoded, Nodes
from ._input_tensors import count_features
from ._matching_model import LEVELS, MatchingModel
from ._padding import pad
from ._pair_encoder import ModelSettings, PairEncoder
from ._pair_vectors import learn_word_vectors, words_by_image
from ._phrase_vectors import PhraseVectors, has_minilm
from ._training import TrainingPairs, TrainingSettings, train_matching_model
from ._words import split_words

__all__ = [
    "LEVELS",
    "Encoded",
    "MatchingModel",
    "ModelSettings",
    "Nodes",
    "PairEncoder",
    "PhraseVectors",
    "TrainingPairs",
    "TrainingSettings",
    "count_features",
    "has_minilm",
    "learn_word_vectors",
    "pad",
    "split_words",
    "train_matching_model",
    "words_by_image",
]
