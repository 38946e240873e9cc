"""Folders that images were exported into."""

from pathlib import Path

# Stands beside the folders of the clusters, and marks them as an export.
EXPORT_RECORD = "exported.csv"
EXPORT_COLUMNS = ("path", "exported")


def is_export(folder):
    """Whether images were exported into a folder: it has a record with the expected columns."""
    record = Path(folder, EXPORT_RECORD)
    if not record.is_file():
        return False
    with open(record, "rb") as file:
        return file.readline().rstrip() == ",".join(EXPORT_COLUMNS).encode()


def exports_in(folder, paths):
    """Find the exports that images below a folder lie in.

    Users who name an export itself want its images, so it does not count.
    """
    return {
        export
        for export in {path.parent.parent for path in paths}
        if export != folder and export.is_relative_to(folder) and is_export(export)
    }
