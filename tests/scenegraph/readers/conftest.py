import json

import pytest


@pytest.fixture
def write(tmp_path):
    """Write JSON to a file; return its path."""

    def write_json(data, name="data.json"):
        path = tmp_path / name
        path.write_text(json.dumps(data), encoding="utf-8")
        return path

    return write_json
