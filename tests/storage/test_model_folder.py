import json
import os

import pytest
import torch

from skdeepcluster.storage._model_folder import check_model_folder, read_model, write_model

TENSORS = {"weights": torch.arange(6.0).reshape(2, 3)}


def test_round_trip(tmp_path):
    write_model(tmp_path / "m", {"kind": "Thing", "params": {}}, TENSORS)
    config, tensors = read_model(tmp_path / "m", "Thing")
    assert (config["kind"], config["params"]) == ("Thing", {})
    assert torch.equal(tensors["weights"], TENSORS["weights"])
    with pytest.raises(ValueError, match="is a saved Thing, not a Other"):
        read_model(tmp_path / "m", "Other")


@pytest.mark.parametrize("target_exists", [True, False])
def test_a_link_leads_to_the_model(tmp_path, target_exists):
    (tmp_path / "elsewhere").mkdir()
    if target_exists:
        write_model(tmp_path / "elsewhere/m", {"kind": "Old"}, TENSORS)
    (tmp_path / "m").symlink_to("elsewhere/m")
    check_model_folder(tmp_path / "m")
    write_model(tmp_path / "m", {"kind": "New"}, TENSORS)
    assert (tmp_path / "m").is_symlink()
    assert read_model(tmp_path / "elsewhere/m", "New")[0]["kind"] == "New"
    assert os.listdir(tmp_path / "elsewhere") == ["m"]


def test_places_where_no_model_can_be(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").touch()
    with pytest.raises(NotADirectoryError, match="is a file"):
        check_model_folder(tmp_path / "file")
    with pytest.raises(FileExistsError, match="holds other files"):
        check_model_folder(tmp_path / "full")


@pytest.mark.parametrize("content", [b"[]", b"{", b"\xff\xfe\x00"])
def test_damage_is_told(tmp_path, content):
    write_model(tmp_path / "m", {}, TENSORS)
    (tmp_path / "m/config.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"m' is damaged: .* Save it again"):
        read_model(tmp_path / "m", "Thing")


def test_what_is_missing_is_told_by_name(tmp_path):
    write_model(tmp_path / "m", {}, TENSORS)
    (tmp_path / "m/config.json").write_text(json.dumps({"format": 1}))
    config, tensors = read_model(tmp_path / "m", "Thing")
    with pytest.raises(ValueError, match=r"config\.json' is damaged: it has no 'params'"):
        config["params"]
    with pytest.raises(ValueError, match=r"tensors\.safetensors' is damaged: it has no 'bias'"):
        tensors["bias"]
