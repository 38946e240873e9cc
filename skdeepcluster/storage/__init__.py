"""Files, folders and saved models that are written completely or not at all; estimators' state."""

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
from ._model_folder import check_model_folder, is_model, plain_params, read_model, write_model
from ._moves import Moves
from ._prefixes import prefixed, without_prefix

__all__ = [
    "BestState",
    "Moves",
    "all_or_nothing",
    "check_file",
    "check_folder",
    "check_model_folder",
    "check_writable",
    "is_model",
    "loaded_once",
    "plain_params",
    "prefixed",
    "read_model",
    "remove_abandoned",
    "resolved",
    "whole_file",
    "whole_folder",
    "without_prefix",
    "write_model",
]
