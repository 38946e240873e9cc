"""``skdeepcluster backbones``."""

from ._outcome import Outcome, records

HELP = "list recommended backbones"
EPILOG = """\
example:
  skdeepcluster backbones

JSON: "backbones", a list of objects with "name", "family", "n_features", "image_size", "MB",
"license", "training" and "download".
"""


def add_options(parser):
    """Add nothing: there are no options."""


def run(options):
    """Print the table."""
    from ..backbones import list_backbones

    table = list_backbones()
    return Outcome({"backbones": records(table)}, table.to_string())
