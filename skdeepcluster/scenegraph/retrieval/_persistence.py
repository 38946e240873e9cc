"""A fitted retriever as a folder, and back."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any, TypeVar

from ...storage import plain_params, read_model, write_model
from ._retrieval_model import RetrievalModel

if TYPE_CHECKING:
    from ._retriever import SceneGraphRetriever

    Retriever = TypeVar("Retriever", bound=SceneGraphRetriever)

_FITTED = ("history_", "level_weights_", "global_weight_", "n_parameters_", "word_vectors_")


def save_retriever(
    retriever: SceneGraphRetriever, model: RetrievalModel, folder: str | PathLike
) -> None:
    """Write a retriever and its fitted model to a folder."""
    config, tensors = model.state()
    params = plain_params(retriever)
    # A dict of word vectors is among the tensors.
    if not isinstance(retriever.word_vectors, str):
        params.pop("word_vectors", None)
    head = {
        "kind": type(retriever).__name__,
        "params": params,
        "fitted": {name: getattr(retriever, name) for name in _FITTED},
    }
    write_model(folder, {**head, **config}, tensors)


def load_retriever(
    cls: type[Retriever],
    folder: str | PathLike,
    word_vectors: Any,
    text_parser: Any,
    visual_parser: Any,
) -> tuple[Retriever, RetrievalModel]:
    """Rebuild a retriever and its fitted model from a folder."""
    config, tensors = read_model(folder, cls.__name__)
    model = RetrievalModel.from_state(config, tensors, word_vectors)
    # JSON knows no tuples.
    params = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in config["params"].items()
    }
    if word_vectors is not None:
        params["word_vectors"] = word_vectors
    # What is not text, such as a dict of word vectors, is not among the parameters.
    params = {"word_vectors": model.encoder.phrase_vectors.source, **params}
    params |= {"text_parser": text_parser, "visual_parser": visual_parser}
    retriever = cls().set_params(**params)
    for name, value in config["fitted"].items():
        setattr(retriever, name, value)
    return retriever, model
