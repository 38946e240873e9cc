"""What the documents show as Python is Python, and does what it says."""

import ast
import importlib

import numpy as np
import pytest
from PIL import Image

from ._markdown import DOCUMENTS, NAMES, ROOT, python_blocks

RUN = sorted(
    [
        *(ROOT / "docs" / "guide").glob("*.md"),
        ROOT / "docs/faq.md",
        ROOT / "docs/getting-started.md",
        ROOT / "docs/scene-graphs.md",
    ]
)


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_imports_exist(document):
    for code, line, _ in python_blocks(document):
        for node in ast.walk(ast.parse(code, f"{document.name}, block in line {line}")):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("skdeepcluster"):
                module = importlib.import_module(node.module)
                missing = [name.name for name in node.names if not hasattr(module, name.name)]
                assert not missing, f"{document.name}, line {line}: {missing}"


@pytest.mark.parametrize("document", RUN, ids=lambda path: path.stem)
def test_code_runs(document, photo_folder, tmp_path, monkeypatch):
    """The blocks of a page, one after the other, where there are folders of photographs."""
    pytest.importorskip("sphinx", reason="takes minutes; run where the extra docs is")
    if document.stem == "scene-graphs":
        pytest.importorskip("spacy", reason='parsing needs pip install "skdeepcluster[text]"')
    pytest.importorskip("matplotlib").use("agg")
    from skdeepcluster import list_images

    monkeypatch.chdir(tmp_path)
    paths = list_images("photos/")
    (tmp_path / "more-photos").mkdir()
    for path in paths[::7]:
        Image.open(path).save(tmp_path / "more-photos" / path.name)
    names = {"paths": paths, "more_paths": list_images("more-photos/"), "np": np}
    for code, line, can_run in python_blocks(document):
        if can_run:
            # Lines of errors are those of the document.
            exec(compile("\n" * line + code, str(document), "exec"), names)
