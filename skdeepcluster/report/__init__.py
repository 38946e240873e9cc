"""A clustering as an HTML page. It needs jinja2, the extra "report"."""

from ._report import write_report

# For the command, which looks at all images before it writes the page.
from ._writing import checked_target as checked_target

__all__ = ["write_report"]
