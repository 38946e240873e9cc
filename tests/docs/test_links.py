import re

import pytest

from ._markdown import DOCUMENTS, NAMES, ROOT, anchors, links


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_links_resolve(document):
    for link in links(document):
        name, _, anchor = link.partition("#")
        target = (document.parent / name).resolve() if name else document
        if "auto_examples" in target.parts:
            # A page of the gallery: of the example of the same name.
            target = ROOT / "examples" / f"{target.stem}.py"
        assert target.exists(), f"{link}: no such file"
        if anchor:
            assert anchor in set(anchors(target)), f"{link}: no such heading"


def test_documents_named_in_code_exist():
    named = {
        name
        for source in (ROOT / "skdeepcluster").rglob("*.py")
        for name in re.findall(r"\bdocs/[\w/.-]+\.md", source.read_text("utf-8"))
    }
    assert named
    assert not {name for name in named if not (ROOT / name).is_file()}
