"""Text in the cells of CSV files, which spreadsheets must not take for a formula."""

# What spreadsheets take for the beginning of one, the wide forms in some languages.
_BEGINNINGS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


def path_cell(path: object) -> str:
    """Return a path as it stands in a CSV file.

    A relative path that a spreadsheet would take for a formula, such as "=1+1.jpg", gets "./" in
    front and leads to the same file as before. All others are written as they are.
    """
    text = str(path)
    return f"./{text}" if text.startswith(_BEGINNINGS) else text


def name_cell(name: str) -> str:
    """Return the name of a cluster as it stands in a CSV file, as in that of the report page.

    One that a spreadsheet would take for a formula, with or without apostrophes before it, gets
    an apostrophe more, so that one can always be taken away again.
    """
    return f"'{name}" if name.lstrip("'").startswith(_BEGINNINGS) else name
