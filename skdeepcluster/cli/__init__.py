"""The command ``skdeepcluster``: ``main``, and a module for each subcommand."""

from ._main import main

__all__ = ["main"]
