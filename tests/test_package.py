import inspect
import subprocess
import sys
from importlib.resources import files
from operator import attrgetter

import pytest

import skdeepcluster

# Whose type hints are complete, so that mypy checks them and editors show them.
TYPED_FOLDERS = ("displays", "embedding", "export", "images")
TYPED = [
    *(name for name, folder in skdeepcluster._HOMES.items() if folder in TYPED_FOLDERS),
    *(f"backbones.{name}" for name in ("Backbone", "list_backbones", "load_backbone")),
    "backbones.register_backbone",
    *(f"metrics.{name}" for name in skdeepcluster.metrics.__all__),
    "report.write_report",
]


def test_import_does_not_load_what_is_slow():
    code = (
        "import sys, skdeepcluster; "
        "print([m for m in ('torch', 'timm', 'onnxruntime', 'open_clip', 'matplotlib') "
        "if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_the_help_of_the_command_does_not_load_torch():
    code = (
        "import sys\n"
        "from skdeepcluster.cli import main\n"
        "try:\n"
        "    main(['--help'])\n"
        "except SystemExit:\n"
        "    print([m for m in ('torch', 'numpy', 'sklearn') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip().endswith("[]")


@pytest.mark.parametrize("name", TYPED)
def test_public_functions_have_type_hints(name):
    value = attrgetter(name)(skdeepcluster)
    functions = {"": value}
    if inspect.isclass(value):
        members = {key: getattr(member, "__func__", member) for key, member in vars(value).items()}
        functions = {
            key: inspect.unwrap(member)
            for key, member in members.items()
            if inspect.isfunction(member) and (key == "__init__" or not key.startswith("_"))
        }
    for key, function in functions.items():
        hints = inspect.get_annotations(function).keys() | {"self", "cls"}
        assert hints >= inspect.signature(function).parameters.keys(), key
        assert "return" in hints or key == "__init__", key


def test_every_public_name_is_there():
    for name in skdeepcluster.__all__:
        assert getattr(skdeepcluster, name) is not None
    with pytest.raises(AttributeError, match="nothing"):
        skdeepcluster.nothing  # noqa: B018


def test_type_checkers_see_the_hints():
    # Without the marker they take the package for untyped.
    assert (files(skdeepcluster) / "py.typed").is_file()
