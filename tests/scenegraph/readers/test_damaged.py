import gzip
import re

import pytest

from skdeepcluster import scenegraph
from tests._mutations import damaged_graphs


@pytest.mark.filterwarnings("ignore:Left out of")
@pytest.mark.parametrize("part", range(2))
def test_damaged_files_are_read_or_named(part, tmp_path):
    """benchmarks/fuzz.py does the same with 10,000."""
    outcomes = {"read": 0, "refused": 0}
    for seed in range(part, 300, 2):
        reader, content = damaged_graphs(seed)
        path = tmp_path / f"{seed}.json"
        path.write_bytes(content)
        try:
            records = getattr(scenegraph, reader)(path)
        except ValueError as error:
            assert str(path) in str(error)
            outcomes["refused"] += 1
        else:
            assert all(isinstance(record.graph, scenegraph.SceneGraph) for record in records)
            outcomes["read"] += 1
    assert min(outcomes.values()) > 0


@pytest.mark.parametrize("reader", ["read_graph_lines", "read_visual_genome", "read_captions"])
@pytest.mark.parametrize(
    "damage", [lambda b: b[:-12], lambda b: b"x" + b, lambda b: b[:12] + b"!!"]
)
def test_damaged_compression(reader, damage, tmp_path):
    path = tmp_path / "graphs.json.gz"
    path.write_bytes(damage(gzip.compress(b'{"objects": ["dog"]}\n' * 9)))
    with pytest.raises(ValueError, match=re.escape(str(path))):
        getattr(scenegraph, reader)(path)


def test_the_line_is_named(tmp_path):
    path = tmp_path / "graphs.jsonl"
    path.write_bytes(b'{"objects": ["dog"]}\n\n{"objects": ["\xff"]}\n')
    with pytest.raises(ValueError, match="Line 3"):
        scenegraph.read_graph_lines(path)
