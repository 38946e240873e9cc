"""A clustering as an HTML page. It needs jinja2, the extra "report"."""

from ._report import write_report
from ._writing import checked_target

__all__ = ["checked_target", "write_report"]
