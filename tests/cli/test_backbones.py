from ._command import run, run_json


def test_backbones(capsys):
    assert run("backbones") == 0
    assert "efficientnet_lite0" in capsys.readouterr().out
    first = run_json(capsys, "backbones")["backbones"][0]
    assert first["name"] == "efficientnet_lite0"
    assert (first["n_features"], first["download"]) == (1280, False)
