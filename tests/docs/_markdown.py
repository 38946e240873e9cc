"""The Markdown documents: their code, links and headings."""

import itertools
import re
from pathlib import Path

import pytest

markdown_it = pytest.importorskip("markdown_it", reason="needs the extra docs")

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *ROOT.glob("docs/guide/*.md")]
)
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]
NOT_RUN = "<!-- not run"


def tokens(path):
    return markdown_it.MarkdownIt("commonmark").enable("table").parse(path.read_text("utf-8"))


def python_blocks(path):
    """Code of each Python block, its line, and whether it can be run."""
    for before, token in itertools.pairwise(tokens(path)):
        if token.type == "fence" and token.info == "python":
            yield token.content, token.map[0] + 1, not before.content.startswith(NOT_RUN)


def links(path):
    """Targets of links and images that are not on the web."""
    for token in tokens(path):
        for child in token.children or ():
            target = child.attrGet("href") or child.attrGet("src")
            if target and not re.match(r"[a-z]+:", target):
                yield target


def anchors(path):
    """Names of the headings as GitHub makes them."""
    for before, token in itertools.pairwise(tokens(path)):
        if before.type == "heading_open":
            text = "".join(c.content for c in token.children if c.type in ("text", "code_inline"))
            yield re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
