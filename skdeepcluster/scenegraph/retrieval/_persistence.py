"""A fitted retriever as a folder, and back."""

import numpy as np
import torch

from ...storage import plain_params, prefixed, read_model, without_prefix, write_model
from ..matching._pair_encoder import PairEncoder
from ..matching._phrases import PhraseTable
from ..matching._vectors import PhraseVectors
from ..text._parser import TextGraphParser
from ._global import GlobalSimilarity

_FITTED = ("history_", "level_weights_", "global_weight_", "n_parameters_", "word_vectors_")


def save(retriever, folder):
    """Write a retriever to a folder."""
    encoder = retriever._encoder
    vectors = encoder.phrase_vectors
    params = plain_params(retriever)
    # A dict of words stands among the tensors.
    if not isinstance(retriever.word_vectors, str):
        params.pop("word_vectors", None)
    tensors = prefixed("model.", encoder.model.state_dict())
    for side, table in (("visual", encoder.visual_phrases), ("textual", encoder.textual_phrases)):
        tensors[f"phrases.{side}"] = table.vectors
    if vectors.words:
        tensors["words"] = torch.from_numpy(np.stack([*vectors.words.values()]))
    if vectors.projection is not None:
        tensors["projection"] = torch.from_numpy(vectors.projection)
    whole = retriever._global
    config = {
        "kind": type(retriever).__name__,
        "params": params,
        "fitted": {name: getattr(retriever, name) for name in _FITTED},
        "levels": retriever._levels,
        "neighbors": encoder.model.visual.message is not None,
        "symmetric": encoder.model.symmetric,
        "dropout": encoder.model.visual.dropout.p,
        "n_features": encoder.n_features,
        "encoder": vectors.encoder_name,
        "words": [*vectors.words],
        "phrases": {
            "visual": encoder.visual_phrases.phrases,
            "textual": encoder.textual_phrases.phrases,
        },
        "global": None if whole is None else [whole.model, whole.weight, whole.spreads],
    }
    write_model(folder, config, tensors)


def load(cls, folder, word_vectors, text_parser, visual_parser):
    """Rebuild a retriever from its folder."""
    config, tensors = read_model(folder, cls.__name__)
    source = _source(config, tensors, word_vectors)
    vectors = _phrase_vectors(source, tensors)
    retriever = cls(**_params(config, source, word_vectors))
    retriever.set_params(text_parser=text_parser, visual_parser=visual_parser)
    for name, value in config["fitted"].items():
        setattr(retriever, name, value)
    encoder = PairEncoder(vectors, config["n_features"])
    encoder.visual_phrases, encoder.textual_phrases = (
        PhraseTable(vectors, config["phrases"][side], tensors[f"phrases.{side}"])
        for side in ("visual", "textual")
    )
    retriever._levels = tuple(config["levels"])
    encoder.build_model(
        torch.ones(len(encoder.visual_phrases)),
        torch.ones(len(encoder.textual_phrases)),
        levels=retriever._levels,
        neighbors=config["neighbors"],
        symmetric=config["symmetric"],
        dropout=config["dropout"],
    )
    encoder.model.load_state_dict(without_prefix("model.", tensors))
    retriever._encoder = encoder
    retriever._own_parser = TextGraphParser()
    retriever._index = retriever._global = None
    if config["global"] is not None:
        retriever._global = GlobalSimilarity.of(*config["global"])
    return retriever


def _source(config, tensors, word_vectors):
    if config["words"]:
        return dict(zip(config["words"], tensors["words"].numpy(), strict=True))
    if config["encoder"] == "minilm":
        return "minilm"
    if word_vectors is None:
        raise ValueError(
            f"The retriever was fitted with an encoder of yours ({config['encoder']}) for words: "
            "pass it as load(folder, word_vectors=encoder)."
        )
    return word_vectors


def _phrase_vectors(source, tensors):
    vectors = PhraseVectors(source)
    projection = tensors.get("projection")
    n_fitted = tensors["phrases.visual"].shape[1] if projection is None else len(projection)
    if vectors.n_dimensions != n_fitted:
        raise ValueError(
            f"The vectors of word_vectors have {vectors.n_dimensions} numbers, and those that the "
            f"retriever was fitted with {n_fitted}: pass the same encoder as then."
        )
    if projection is not None:
        vectors.project(projection.numpy())
    return vectors


def _params(config, source, word_vectors):
    # JSON knows no tuples.
    params = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in config["params"].items()
    }
    if word_vectors is not None:
        params["word_vectors"] = word_vectors
    # Words that were no text, such as a dict, are not among what was written.
    return {"word_vectors": source, **params}
