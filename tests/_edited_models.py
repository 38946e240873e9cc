"""Saved models in which something was changed."""

import copy
import json

import torch
from safetensors.torch import load_file, save_file

WRONG = (
    *(None, True, False, 0, -1, 1, 3, 10**9, 10**400, 0.5, 1e300, float("nan"), float("inf")),
    *("", "predict", "\ud800", [], [None], ["a", "a"], [[[]]], {}, {"a": 1}, {"0": None}),
)


def edited_configs(config):
    """Yield (what was done, config) with one value replaced, left out or added, at every place."""
    for path in _places(config):
        for wrong in WRONG:
            yield f"{path} = {wrong!r}", _changed(config, path, wrong)
        yield f"no {path}", _changed(config, path)
    for path in [(), *_places(config)]:
        if isinstance(_at(config, path), dict):
            yield f"{path} with more", _changed(config, (*path, "score"), 1)


def _places(node, path=()):
    # Of a list one item speaks for all.
    items = node.items() if isinstance(node, dict) else enumerate(node[:1])
    for key, value in items:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from _places(value, (*path, key))


def _at(node, path):
    for key in path:
        node = node[key]
    return node


def _changed(config, path, *value):
    config = copy.deepcopy(config)
    node = _at(config, path[:-1])
    if value:
        node[path[-1]] = value[0]
    else:
        del node[path[-1]]
    return config


def edited_tensors(tensors):
    """Yield (what was done, tensors) with one tensor changed in size, type or value, or left out.

    All of them have to be refused.
    """
    for name, tensor in tensors.items():
        others = {key: value for key, value in tensors.items() if key != name}
        yield f"no {name}", others
        yield f"{name} empty", {**others, name: tensor.new_empty(0)}
        yield f"{name} with an axis more", {**others, name: tensor[None]}
        yield f"{name} as double", {**others, name: tensor.double()}
        if tensor.ndim:
            longer = torch.cat([tensor, tensor[:1]])
            yield f"{name} longer", {**others, name: longer}
        if tensor.is_floating_point():
            for value in (float("nan"), float("inf")):
                wrong = tensor.clone()
                wrong.view(-1)[-1] = value
                yield f"{name} with {value}", {**others, name: wrong}
    yield "one more", {**tensors, "more": torch.zeros(3)}


def read(folder):
    """Return the JSON and the tensors of a saved model."""
    config = json.loads((folder / "config.json").read_text())
    return config, load_file(folder / "tensors.safetensors")


def write_config(folder, config):
    (folder / "config.json").write_text(json.dumps(config))


def write_tensors(folder, tensors):
    save_file(
        {name: tensor.contiguous() for name, tensor in tensors.items()},
        folder / "tensors.safetensors",
    )
