"""Clusters for other programs: folders of images, CSV and Parquet files."""

from ._folders import (
    check_export,
    export_clusters,
    write_duplicates,
    write_flaws,
    write_growth,
    write_labels,
)
from ._parquet import write_parquet

__all__ = [
    "check_export",
    "export_clusters",
    "write_duplicates",
    "write_flaws",
    "write_growth",
    "write_labels",
    "write_parquet",
]
