"""What messages of the package advise, in options of the command."""

import re
from collections.abc import Callable


def _spelled(match):
    return f"{_option_of(match[0].rstrip('='))} "


def _option_of(parameter):
    return f"--{_NAMES.get(parameter, parameter.replace('_', '-'))}"


_NAMES = {"n_views": "views"}
_REPLACED: list[tuple[str, str | Callable[[re.Match[str]], str]]] = [
    # What the command always does.
    (r",? or set on_error='skip'|, of which some may be missing with on_error='skip'", ""),
    (r'; with on_error="raise" the first one tells why', ""),
    # What only Python can do.
    (r", or to None to work without a cache", ""),
    (r", or pass a list of paths", ""),
    (r"Pass the files in it, list_images\(folder\)", "Pass the files in it"),
    (r", pass the network of the fit as load\(folder, backbone=\.\.\.\)", ""),
    (r", or train each by a SelfSupervisedAdapter and pass a list of their backbone_", ""),
    (
        r"pass it as load\(folder, (?:backbone=module|word_vectors=encoder)\)",
        "only Python can load it",
    ),
    (r"\. Pass a list: \[path\]", ""),
    (r"\b(Set|Use) (?=(?:feature_)?dtype=)", lambda match: f"In Python, {match[1].lower()} "),
    (r"(?=pass the module as the backbone)", "in Python, "),
    # Other words.
    (r"n_samples=(\d+) should be >= n_clusters=(\d+)", r"\1 images cannot be \2 clusters"),
    (r"of (?:n|min)_clusters=(\d+) clusters", r"of \1 clusters"),
    (
        r"and (backbone|image_size) is a list",
        lambda match: f"and {_option_of(match[1])} is given twice",
    ),
    (r"\bmax_megabytes\b", "--max-megabytes"),
    (r"load it without a reader", "leave --reader out"),
    (r"Call fit with the images again", "Run 'skdeepcluster cluster' again"),
    (r'device="auto" is used instead', "another one is used instead"),
    (r"not with dtype=\S+ on device=", "not on "),
    (r"word_vectors=(?=\"minilm\")", "word vectors "),
    (r"leave copies out of X", "leave copies out"),
    (r'reader=ImageReader\((\w+)\.(\w+), suffixes="(\.\w+)"\)', r"--reader \1:\2 --suffixes \3"),
    (r"reader=ImageReader\(function, suffixes=\.\.\.\)", "--reader FILE.py:FUNCTION --suffixes .A"),
    (r"reader=ImageReader\(function\)", "--reader FILE.py:FUNCTION"),
    (r"load\(folder, reader=function\)", "--reader FILE.py:FUNCTION"),
    (r"list_images\(\.\.\., suffixes=\.\.\.\)", "rename or link them to .tif"),
    (r"Call read_(?:parquet|tar)_images again", "Run the command again"),
    (r"list_backbones\(\)", "'skdeepcluster backbones'"),
    (r"set intensity_range to 'dataset' or to \(low, high\)", "use --intensity-range dataset"),
    (r"Set intensity_range to 'dataset' or to \(low, high\)", "Use --intensity-range dataset"),
    (r"Give lists of one length, or one network, or one size", "Give each as often as the other"),
    (r"\bmember=", "--member"),
    (r"`memory`", "--memory"),
    (r"\bSet image_size to\b", "Set --image-size to"),
    (r"\bfine_tune (?=trains)", "--fine-tune "),
    (r"(?<![^\s(])engine=[\"']?(\w+)[\"']?", r"--engine \1"),
    (r"(?<![^\s(])(?:backbone|fine_tune|image_size|n_clusters|n_views)=", _spelled),
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
