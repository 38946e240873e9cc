"""Feature matrices: validation, missing rows, and access to more rows than fit into memory."""

from ._axes import leading_axes, leading_components, pays_to_reduce
from ._checks import check_features
from ._copies import are_copies, first_copies
from ._gaps import rows_of_images, with_gaps, without_gaps
from ._rows import (
    copied_rows,
    let_go,
    random_rows,
    row_chunks,
    scaled_rows,
    stored_rows,
    unit_rows,
    unnamed_array,
)

__all__ = [
    "are_copies",
    "check_features",
    "copied_rows",
    "first_copies",
    "leading_axes",
    "leading_components",
    "let_go",
    "pays_to_reduce",
    "random_rows",
    "row_chunks",
    "rows_of_images",
    "scaled_rows",
    "stored_rows",
    "unit_rows",
    "unnamed_array",
    "with_gaps",
    "without_gaps",
]
