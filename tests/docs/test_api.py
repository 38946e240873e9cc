import importlib
from pathlib import Path

import pytest

import skdeepcluster

PAGE = (Path(__file__).parents[2] / "docs" / "api.rst").read_text("utf-8").split()


def test_every_public_name_is_listed():
    modules = {"__version__", "backbones", "displays", "metrics", "report", "scenegraph"}
    assert set(skdeepcluster.__all__) - modules <= set(PAGE)


@pytest.mark.parametrize("module", ["metrics", "report", "scenegraph"])
def test_every_public_name_of_a_module_is_listed(module):
    names = importlib.import_module(f"skdeepcluster.{module}").__all__
    missing = {name for name in names if f"{module}.{name}" not in PAGE and name not in PAGE}
    assert not missing
