"""A digest of all that decides what a network computes."""

import dataclasses
import functools
import hashlib
import types

import numpy as np
import torch
from torch import nn

# What every module has: gradients, hooks, the mode. Parameters and buffers are read as tensors.
_BOOKKEEPING = frozenset(vars(nn.Module()))
_PLAIN = (bool, int, float, complex, str, bytes, type(None), torch.dtype, torch.device)


def fingerprint(network, *others):
    """Hash weights, structure, settings and code of a network, one tensor at a time.

    Weights alone do not do: two modules of the same weights may pool in different ways, and
    one that was edited in a notebook still has its weights. What one of them computed must not
    be taken for the other's.

    Parameters
    ----------
    network : torch.nn.Module
    *others : plain values
        Hashed along.

    Returns
    -------
    digest : str
        32 hexadecimal digits, the same in every process.
    """
    digest = hashlib.blake2b(digest_size=16)

    def add(text):
        digest.update(text.encode() + b"\0")

    add(_describe(others))
    classes: set[type] = set()
    for path, module in network.named_modules():
        settings = {key: value for key, value in vars(module).items() if key not in _BOOKKEEPING}
        add(f"{path}:{_name(type(module))}{_describe(settings)}")
        classes.update(type(module).__mro__)
    for kind in sorted(classes - set(nn.Module.__mro__), key=_name):
        add(_name(kind) + "".join(_describe_code(value) for value in vars(kind).values()))
    for name, tensor in [*network.named_parameters(), *network.named_buffers()]:
        add(f"{name}={_describe_tensor(tensor)}")
    return digest.hexdigest()


def _name(kind):
    return f"{kind.__module__}.{kind.__qualname__}"


def _describe(value):
    """Write a value so that equal ones read alike in every process: no addresses, no order."""
    if isinstance(value, _PLAIN):
        return repr(value)
    if isinstance(value, torch.Tensor):
        return _describe_tensor(value)
    if isinstance(value, np.ndarray | np.generic):
        return f"{value.dtype}{value.shape}{value.tobytes().hex()}"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _name(type(value)) + _describe(vars(value))
    if isinstance(value, dict):
        items = sorted(f"{_describe(key)}:{_describe(item)}" for key, item in value.items())
        return f"{{{','.join(items)}}}"
    if isinstance(value, set | frozenset):
        return f"{{{','.join(sorted(map(_describe, value)))}}}"
    if isinstance(value, list | tuple):
        return f"({','.join(map(_describe, value))})"
    if isinstance(value, functools.partial):
        return _describe((value.func, value.args, value.keywords))
    return _describe_code(value) or _name(type(value))


def _describe_code(value):
    """Write what a function does, not where it stands; empty if the value is no function."""
    value = getattr(value, "__func__", value)
    if isinstance(value, types.FunctionType):
        value = value.__code__
    if not isinstance(value, types.CodeType):
        return ""
    return f"{value.co_code.hex()}{value.co_names}{_describe_constants(value.co_consts)}"


def _describe_constants(constants):
    return ",".join(
        _describe_code(constant) if isinstance(constant, types.CodeType) else _describe(constant)
        for constant in constants
    )


def _describe_tensor(tensor):
    values = tensor.detach().cpu().contiguous()
    content = hashlib.blake2b(values.flatten().view(torch.uint8).numpy().data, digest_size=16)
    return f"{values.dtype}{tuple(values.shape)}{content.hexdigest()}"
