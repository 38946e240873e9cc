"""A fitted retriever as a folder, and back."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any, TypeVar

from ...storage import ModelFormat, open_model, plain_params, schema, with_params, write_model
from ..matching import LEVELS
from ._retrieval_model import RetrievalModel

if TYPE_CHECKING:
    from ._retriever import SceneGraphRetriever

    Retriever = TypeVar("Retriever", bound=SceneGraphRetriever)

# Raised whenever a save writes something that it did not write in the last release: a parameter
# of the estimator, a field or a tensor. Format 1 is that of version 0.1.0.
_NUMBER = 2
# Spreads of similarities are not below it when they are fitted.
_LEAST_SPREAD = 1e-12


def _global(value: Any, name: str) -> None:
    schema.list_of(schema.anything, 3)(value, name)
    model, weight, spreads = value
    schema.text(model, f"{name}[0]")
    schema.real(0, 1)(weight, f"{name}[1]")
    schema.list_of(schema.real(_LEAST_SPREAD, 1e12), 2)(spreads, f"{name}[2]")


_PHRASES = schema.list_of(schema.text, distinct=True)
_FIELDS = schema.record(
    {
        # Their values are left to the estimator's own rules.
        "params": schema.mapping_of(schema.anything),
        "fitted": schema.record(
            {
                "history_": schema.mapping_of(schema.list_of(schema.real(finite=False))),
                "word_vectors_": schema.text,
            },
            # Which the model itself tells, in folders of format 1.
            dict.fromkeys(("level_weights_", "global_weight_", "n_parameters_"), schema.anything),
        ),
        "levels": schema.list_of(schema.one_of(*LEVELS), distinct=True),
        "neighbors": schema.boolean,
        "symmetric": schema.boolean,
        "dropout": schema.real(0, 1),
        "n_features": schema.whole(0),
        "encoder": schema.maybe(schema.text),
        "words": _PHRASES,
        "phrases": schema.record({"visual": _PHRASES, "textual": _PHRASES}),
        "global": schema.maybe(_global),
    },
    # How many others the hubness of images and that of captions know; not in format 1.
    {"hubness": schema.maybe(schema.list_of(schema.whole(1), 2))},
)


def _format_of(cls):
    return ModelFormat(cls.__name__, _NUMBER, _FIELDS)


def save_retriever(
    retriever: SceneGraphRetriever, model: RetrievalModel, folder: str | PathLike
) -> None:
    """Write a retriever and its fitted model to a folder."""
    config, tensors = model.state()
    params = plain_params(retriever)
    # A dict of word vectors is among the tensors.
    if not isinstance(retriever.word_vectors, str):
        params.pop("word_vectors", None)
    fitted = {"history_": retriever.history_, "word_vectors_": retriever.word_vectors_}
    head = {"params": params, "fitted": fitted}
    write_model(folder, _format_of(type(retriever)), {**head, **config}, tensors)


def load_retriever(
    cls: type[Retriever],
    folder: str | PathLike,
    word_vectors: Any,
    text_parser: Any,
    visual_parser: Any,
) -> tuple[Retriever, RetrievalModel]:
    """Rebuild a retriever and its fitted model from a folder."""
    with open_model(folder, _format_of(cls)) as stored:
        schema.require(bool(stored.config["levels"]), "levels is empty")
        params = dict(stored.config["params"])
        schema.text(params.get("word_vectors", ""), "params.word_vectors")
        model = RetrievalModel.read(stored, word_vectors)
        # JSON knows no tuples.
        if isinstance(params.get("levels"), list):
            params["levels"] = tuple(params["levels"])
        if word_vectors is not None:
            params["word_vectors"] = word_vectors
        # What is not text, such as a dict of word vectors, is not among the parameters.
        params = {"word_vectors": model.encoder.phrase_vectors.source, **params}
        params |= {"text_parser": text_parser, "visual_parser": visual_parser}
        retriever = with_params(cls, params)
        retriever.history_ = stored.config["fitted"]["history_"]
        retriever.word_vectors_ = stored.config["fitted"]["word_vectors_"]
    return retriever, model
