#!/usr/bin/env bash
# transformers 5.24.0, torch 2.14.1 (CPU), safetensors 0.8.0.
#
# Expected: the tensors in the model.safetensors that save_pretrained writes have the names of the
# model's state_dict, as files by torch.save do, so that load_state_dict takes them.
# Seen: for ViT-type classes the file has the names of earlier versions ("encoder.layer.0.attention.
# attention.query.weight"), the model in memory those of version 5 ("layers.0.attention.q_proj.
# weight"); from_pretrained renames. A ViTModel has 8 of 24 names in common with its own file,
# Dinov2Model 17 of 25; CLIPVisionModel has all. load_state_dict(..., strict=False) on such a file
# leaves every attention layer random, and only its return value says so.
# Workaround: from_pretrained, or a look at the missing keys.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    transformers==5.24.0 torch==2.14.1 safetensors==0.8.0

cd "$work"
HF_HUB_OFFLINE=1 venv/bin/python - <<'PYTHON'
import torch
from safetensors.torch import load_file
from transformers import CLIPVisionConfig, CLIPVisionModel, Dinov2Config, Dinov2Model
from transformers import ViTConfig, ViTModel

small = {
    **{"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2},
    **{"intermediate_size": 64, "image_size": 32, "patch_size": 16},
}
found = {}
for config, cls in (
    (ViTConfig, ViTModel),
    (Dinov2Config, Dinov2Model),
    (CLIPVisionConfig, CLIPVisionModel),
):
    model = cls(config(**small))
    model.save_pretrained(cls.__name__)
    stored = load_file(f"{cls.__name__}/model.safetensors")
    names = set(model.state_dict())
    found[cls.__name__] = (len(names & set(stored)), len(names))
    print(cls.__name__, "names in common with its file:", *found[cls.__name__])
    # The library itself reads what it wrote.
    again = cls.from_pretrained(cls.__name__).state_dict()
    assert all(torch.equal(again[name], tensor) for name, tensor in model.state_dict().items())
assert found == {"ViTModel": (8, 24), "Dinov2Model": (17, 25), "CLIPVisionModel": (23, 23)}, found
PYTHON
