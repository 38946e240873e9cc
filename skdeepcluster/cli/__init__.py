"""The command ``skdeepcluster``: a module a command, and ``main``."""

from ._main import main

__all__ = ["main"]
