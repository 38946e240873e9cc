import subprocess
import sys

import pytest

import skdeepcluster


def test_import_does_not_load_what_is_slow():
    code = (
        "import sys, skdeepcluster; "
        "print([m for m in ('torch', 'timm', 'onnxruntime', 'open_clip', 'matplotlib') "
        "if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_every_public_name_is_there():
    for name in skdeepcluster.__all__:
        assert getattr(skdeepcluster, name) is not None
    with pytest.raises(AttributeError, match="nothing"):
        skdeepcluster.nothing  # noqa: B018
