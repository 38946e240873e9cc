"""What messages of the package advise, in options of the command."""

import re

_REPLACED = [
    # What the command always does.
    (r",? or set on_error='skip'|, of which some may be missing with on_error='skip'", ""),
    (r"reader=ImageReader\(function, suffixes=\.\.\.\)", "--reader FILE.py:FUNCTION --suffixes .A"),
    (r'reader=ImageReader\((\w+)\.(\w+), suffixes="(\.\w+)"\)', r"--reader \1:\2 --suffixes \3"),
    (r", or pass a list of paths", ""),
    (r"reader=ImageReader\(function\)", "--reader FILE.py:FUNCTION"),
    (r"list_images\(\.\.\., suffixes=\.\.\.\)", "rename or link them to .tif"),
    (r"\bmember=", "--member"),
]
_PARAMETER = re.compile(
    r"reader=ImageReader\((?P<name>\w+)=(?P<value>(?:\([^()]*\)|[^()])*)\)"
    r"|(?P<range>intensity_range)=(?P<bounds>\([^()]*\)|\"\w+\")"
)


def in_options(message):
    """Replace parameters of Python that a message advises by options.

    Parameters
    ----------
    message : str

    Returns
    -------
    message : str
    """
    for pattern, option in _REPLACED:
        message = re.sub(pattern, option, message)
    return _PARAMETER.sub(_option, message)


def _option(match):
    name, value = match["name"] or match["range"], match["value"] or match["bounds"]
    values = "" if value == "..." else " " + re.sub('[() "]', "", value)
    return f"--{name.replace('_', '-')}{values}"
