"""A clustering as an HTML page. It needs jinja2, the extra "report"."""

from ._report import write_report

__all__ = ["write_report"]
