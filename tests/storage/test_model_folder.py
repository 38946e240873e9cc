import json
import os
import stat

import numpy as np
import pytest
import torch

from skdeepcluster import ImageEmbedder
from skdeepcluster.storage import (
    ModelFormat,
    check_model_folder,
    open_model,
    plain_params,
    schema,
    write_model,
)

TENSORS = {"weights": torch.arange(6.0).reshape(2, 3)}
FIELDS = schema.record({"params": schema.anything, "fitted": schema.anything})
THING = ModelFormat("Thing", 3, FIELDS)
CONFIG = {"params": {}, "fitted": {}}


def test_round_trip(tmp_path):
    write_model(tmp_path / "m", THING, CONFIG, TENSORS)
    with open_model(tmp_path / "m", THING) as stored:
        assert (stored.config, stored.number) == (CONFIG, 3)
        assert torch.equal(stored.tensors.read(TENSORS)["weights"], TENSORS["weights"])
    other = ModelFormat("Other", 3, FIELDS)
    with (
        pytest.raises(ValueError, match="is a saved Thing, not a Other"),
        open_model(tmp_path / "m", other),
    ):
        pass


@pytest.mark.parametrize("target_exists", [True, False])
def test_a_link_leads_to_the_model(tmp_path, target_exists):
    (tmp_path / "elsewhere").mkdir()
    if target_exists:
        write_model(tmp_path / "elsewhere/m", ModelFormat("Old", 1, FIELDS), CONFIG, TENSORS)
    (tmp_path / "m").symlink_to("elsewhere/m")
    check_model_folder(tmp_path / "m")
    write_model(tmp_path / "m", THING, CONFIG, TENSORS)
    assert (tmp_path / "m").is_symlink()
    with open_model(tmp_path / "elsewhere/m", THING) as stored:
        assert stored.config == CONFIG
    assert os.listdir(tmp_path / "elsewhere") == ["m"]


def test_places_where_no_model_can_be(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").touch()
    with pytest.raises(NotADirectoryError, match="is a file"):
        check_model_folder(tmp_path / "file")
    with pytest.raises(FileExistsError, match="holds other files"):
        check_model_folder(tmp_path / "full")


@pytest.mark.parametrize(
    "config", ['{"architectures": ["BertModel"]}', "[]", "{", '{"format": "pt", "version": 1}']
)
def test_a_model_of_another_library_is_not_replaced(tmp_path, config):
    """Its files may have the same names."""
    (tmp_path / "config.json").write_text(config)
    (tmp_path / "tensors.safetensors").write_bytes(b"theirs")
    with pytest.raises(FileExistsError, match="holds other files"):
        write_model(tmp_path, THING, CONFIG, TENSORS)
    assert (tmp_path / "tensors.safetensors").read_bytes() == b"theirs"


@pytest.mark.skipif(os.name != "posix", reason="rights are those of POSIX")
@pytest.mark.parametrize("umask", [0o022, 0o027, 0o077])
def test_the_umask_says_who_may_read_a_model(tmp_path, umask):
    before = os.umask(umask)
    try:
        write_model(tmp_path / "m", THING, CONFIG, TENSORS)
    finally:
        os.umask(before)
    for path in (tmp_path / "m").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


@pytest.mark.parametrize(
    "content", [b"[]", b"{", b"\xff\xfe\x00", b"[" * 10**5, b"1" * 10**4, b'{"version": "7"}']
)
def test_damage_is_told(tmp_path, content):
    write_model(tmp_path / "m", THING, CONFIG, TENSORS)
    (tmp_path / "m/config.json").write_bytes(content)
    with (
        pytest.raises(ValueError, match=r"m' is damaged.* Save it again"),
        open_model(tmp_path / "m", THING),
    ):
        pass


def test_damage_of_tensors_is_told(tmp_path):
    write_model(tmp_path / "m", THING, CONFIG, TENSORS)
    path = tmp_path / "m/tensors.safetensors"
    whole = path.read_bytes()

    def open_and_read():
        with open_model(tmp_path / "m", THING) as stored:
            stored.tensors.read(TENSORS)

    for content in (b"", whole[:-1], whole[:20], b"\xff" * 8 + whole[8:], whole + b"more"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"m' is damaged.*tensors\.safetensors cannot be read"):
            open_and_read()
    path.unlink()
    with pytest.raises(ValueError, match=r"there is no file tensors\.safetensors"):
        open_and_read()
    path.mkdir()
    with pytest.raises(ValueError, match=r"there is no file tensors\.safetensors"):
        open_and_read()


@pytest.mark.parametrize("number", [0, True, 2.0, "3", None, -1])
def test_what_is_no_number_of_a_format(tmp_path, number):
    write_model(tmp_path / "m", THING, CONFIG, TENSORS)
    path = tmp_path / "m/config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": number}))
    with (
        pytest.raises(ValueError, match="format must be an integer"),
        open_model(tmp_path / "m", THING),
    ):
        pass


def test_where_to_write_is_not_saved():
    assert "memory" not in plain_params(ImageEmbedder(memory="somewhere"))


@pytest.mark.parametrize("kind", [list, tuple])
def test_numbers_of_numpy_in_lists_are_saved(kind):
    params = plain_params(ImageEmbedder(image_size=kind([np.int64(32), np.int64(48), None])))
    assert json.loads(json.dumps(params))["image_size"] == [32, 48, None]
