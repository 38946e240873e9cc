"""The page: a template with inlined styles and scripts."""

import base64
import hashlib
from importlib.resources import files

from .._version import __version__

# In this order: each uses definitions of those before.
_SCRIPTS = (
    *("data.js", "corrections.js", "selection.js", "gallery.js", "levels.js", "checks.js"),
    *("viewer.js", "map.js", "correcting.js", "page.js"),
)


def load_template():
    """Compile the template.

    Raises
    ------
    ImportError
        If jinja2 is missing.
    """
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError as error:
        raise ImportError("Reports need jinja2: pip install 'skdeepcluster[report]'") from error
    environment = Environment(
        loader=PackageLoader("skdeepcluster.report", "template"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # As compact as possible, and without sorting by key.
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "sort_keys": False}
    return environment.get_template("page.html.jinja")


def render(template, title, data, thumbnails):
    """Fill the template.

    Parameters
    ----------
    template : jinja2.Template
    title : str
    data : dict
        The result of ``page_data``, with "folder": the URL of the images beside the page, or
        None.
    thumbnails : dict of str to str
        WebP in base64, by the position of the image.

    Returns
    -------
    page : bytes
        HTML in UTF-8. Its content security policy allows only its own content, and the images
        beside it.
    """
    style = _read("page.css")
    script = "".join(_read(name) for name in _SCRIPTS)
    page = template.render(
        title=title,
        data=data,
        thumbnails=thumbnails,
        style=style,
        script=script,
        policy="; ".join(
            [
                "default-src 'none'",
                # A page that is opened from disk has no origin, so 'self' does not match.
                "img-src data:" + " file:" * bool(data["base"]) + " 'self'" * bool(data["folder"]),
                f"style-src '{_digest(style)}'",
                f"script-src '{_digest(script)}'",
                "base-uri 'none'",
                "form-action 'none'",
            ]
        ),
        n_images=len(data["labels"]),
        n_unread=data["labels"].count(-1),
        version=__version__,
    )
    # A title may come from a file name, whose bytes need not be UTF-8.
    return page.encode("utf-8", errors="replace")


def _read(name):
    return files("skdeepcluster.report").joinpath("template", name).read_text(encoding="utf-8")


def _digest(text):
    """Hash with which the policy allows an inline script or style."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
