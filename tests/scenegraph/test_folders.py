import ast
from pathlib import Path

import pytest

import skdeepcluster.scenegraph

ROOT = Path(skdeepcluster.scenegraph.__file__).parent
# What each folder may import of the others.
ALLOWED = {
    "graph": set(),
    "text": {"graph"},
    "vision": {"graph"},
    "matching": {"graph"},
    "retrieval": {"graph", "text", "matching"},
}


@pytest.mark.parametrize("folder", ALLOWED)
def test_folders_import_one_another_in_one_direction(folder):
    assert {path.name for path in ROOT.iterdir() if path.is_dir()} - {"__pycache__"} == set(ALLOWED)
    for path in (ROOT / folder).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level == 2:
                # A name of a folder, never a module of it.
                assert node.module in ALLOWED[folder], f"{path}: from ..{node.module}"
