"""Files, folders and saved models that are written completely or not at all; estimators' state."""

from . import schema
from ._all_or_nothing import all_or_nothing
from ._atomic import (
    check_file,
    check_folder,
    check_writable,
    remove_abandoned,
    resolved,
    whole_file,
    whole_folder,
)
from ._best_state import BestState
from ._loaded_once import loaded_once
from ._model_folder import (
    ModelFormat,
    StoredModel,
    check_model_folder,
    is_model,
    open_model,
    plain_params,
    with_params,
    write_model,
)
from ._moves import Moves
from ._prefixes import prefixed, without_prefix
from ._tensor_files import TensorFile, write_tensors

__all__ = [
    "BestState",
    "ModelFormat",
    "Moves",
    "StoredModel",
    "TensorFile",
    "all_or_nothing",
    "check_file",
    "check_folder",
    "check_model_folder",
    "check_writable",
    "is_model",
    "loaded_once",
    "open_model",
    "plain_params",
    "prefixed",
    "remove_abandoned",
    "resolved",
    "schema",
    "whole_file",
    "whole_folder",
    "with_params",
    "without_prefix",
    "write_model",
    "write_tensors",
]
