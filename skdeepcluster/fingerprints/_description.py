"""Texts that describe values, functions and networks, with all the code that they use."""

import argparse
import contextlib
import dataclasses
import enum
import functools
import hashlib
import io
import re
import sys
import types
import zipfile
from pathlib import Path

import joblib
import numpy as np
import torch
from torch import nn

# Attributes of every module: gradients, hooks, mode. Parameters and buffers are read as tensors.
_BOOKKEEPING = frozenset(vars(nn.Module()))
_PLAIN = (bool, int, float, complex, str, bytes, type(None), torch.dtype, torch.device)
# The attribute in which each wrapper keeps its function.
_WRAPPERS = {
    property: "fget",
    classmethod: "__func__",
    staticmethod: "__func__",
    functools.cached_property: "func",
    type(functools.cache(len)): "__wrapped__",
}
_STANDARD = sys.stdlib_module_names | {"torch"}
# TorchScript numbers the types of a process that share a name.
_MANGLE = re.compile(rb"___torch_mangle_\d+\.?")


def digest_of(texts):
    """Hash texts to 32 hexadecimal digits."""
    digest = hashlib.blake2b(digest_size=16)
    for text in texts:
        digest.update(text.encode(errors="surrogatepass") + b"\0")
    return digest.hexdigest()


class Description:
    """Descriptions of values, equal for equal values in every process: no addresses, no order.

    Functions, classes and objects may refer to one another in cycles. Each is referred to by a
    number and described once, after the description that refers to it first.

    Code is followed through everything that it uses, up to libraries, of which only the names and
    the code that is used directly are described.

    Parameters
    ----------
    libraries_hold_values : bool, default=False
        Whether the values that functions and objects of libraries hold are described, too.
    """

    def __init__(self, *, libraries_hold_values=False):
        self._libraries_hold_values = libraries_hold_values
        self._numbers: dict[int, int] = {}
        # References, so that no other value gets the address of one that was freed.
        self._met: list = []

    def of_network(self, network, others):
        """Yield the texts that describe a network, other values, and all that they use."""
        yield self._of(others)
        yield from self._of_network(network)
        yield from self._of_met()

    def of_value(self, value):
        """Yield the texts that describe a value, and all that it uses."""
        yield self._of(value)
        yield from self._of_met()

    def _of_met(self):
        # The list grows while values are described.
        for value in self._met:
            yield self._number(value)
            yield from self._in_full(value)

    def _of_network(self, network):
        modules = dict(network.named_modules())
        for module in modules.values():
            self._numbers.setdefault(id(module), len(self._numbers))
        libraries: set[type] = set()
        for path, module in modules.items():
            if not _is_in_script(path, modules):
                yield f"{path}:{self._of_class(type(module))}{self._settings(module)}"
                libraries.update(kind for kind in type(module).__mro__ if not _is_own(kind))
        for kind in sorted(libraries - set(nn.Module.__mro__), key=_name):
            yield _name(kind) + "".join(map(self._code, vars(kind).values()))
        for name, tensor in [*network.named_parameters(), *network.named_buffers()]:
            yield f"{name}={_describe_tensor(tensor)}"

    def _settings(self, module):
        if isinstance(module, torch.jit.ScriptModule):
            return _describe_script(module)
        settings = {key: value for key, value in vars(module).items() if key not in _BOOKKEEPING}
        # Only the values: the keys count all hooks of the process.
        hooks = [[*module._forward_pre_hooks.values()], [*module._forward_hooks.values()]]
        return self._of(settings) + (self._of(hooks) if any(hooks) else "")

    def _of(self, value):
        """Describe a value, or return the number under which it is described."""
        if isinstance(value, _PLAIN):
            return repr(value)
        if isinstance(value, torch.Tensor):
            return _describe_tensor(value)
        if isinstance(value, np.ndarray) and value.dtype.hasobject:
            # Its bytes are addresses.
            return self._of((value.shape, value.ravel().tolist()))
        if isinstance(value, np.ndarray | np.generic):
            return f"{value.dtype}{value.shape}{value.tobytes().hex()}"
        if isinstance(value, dict):
            items = sorted(f"{self._of(key)}:{self._of(item)}" for key, item in value.items())
            return f"{{{','.join(items)}}}"
        if isinstance(value, set | frozenset):
            return f"{{{','.join(sorted(map(self._of, value)))}}}"
        if isinstance(value, list | tuple):
            return f"({','.join(map(self._of, value))})"
        return self._of_code(value)

    def _of_code(self, value):
        if isinstance(value, type):
            return self._of_class(value)
        if isinstance(value, types.FunctionType):
            is_followed = _is_own(value) or self._libraries_hold_values
            return self._number(value) if is_followed else self._code(value)
        if isinstance(value, types.CodeType):
            return self._code(value)
        if isinstance(value, types.MethodType):
            return self._of((value.__func__, value.__self__))
        if isinstance(value, functools.partial):
            return self._of((value.func, value.args, value.keywords))
        if type(value) in _WRAPPERS:
            return self._of(getattr(value, _WRAPPERS[type(value)]))
        if isinstance(value, torch.jit.ScriptFunction):
            return _describe_script(value)
        if isinstance(value, types.ModuleType):
            return value.__name__
        return self._of_object(value)

    def _of_object(self, value):
        kind = type(value)
        if isinstance(value, nn.Module | argparse.Namespace | types.SimpleNamespace) or _is_own(
            kind
        ):
            return self._number(value)
        if isinstance(value, enum.Enum):
            return str(value)
        if dataclasses.is_dataclass(value):
            return _name(kind) + self._of(object.__getstate__(value))
        name = getattr(value, "__name__", "")
        if isinstance(name, str) and name:
            # A function in C.
            described = f"{_name(kind)}:{getattr(value, '__module__', '')}.{name}"
            held = getattr(value, "__self__", None)
            if not self._libraries_hold_values or isinstance(held, types.ModuleType | type(None)):
                return described
            return described + self._of(held)
        if callable(value) and not _is_standard(kind):
            return self._number(value)
        # Other objects of libraries, such as loggers or caches, differ every time.
        return _pickled(value) if self._libraries_hold_values else _name(kind)

    def _of_class(self, kind):
        return self._number(kind) if _is_own(kind) else _name(kind)

    def _number(self, value):
        if id(value) not in self._numbers:
            self._numbers[id(value)] = len(self._numbers)
            self._met.append(value)
        return f"#{self._numbers[id(value)]}"

    def _in_full(self, value):
        """Yield the texts that describe a value that has a number."""
        if isinstance(value, nn.Module):
            yield from self._of_network(value)
        elif isinstance(value, type):
            yield _name(value) + self._of((value.__bases__, _members(value)))
        elif isinstance(value, types.FunctionType):
            yield self._code(value)
            yield self._of((value.__defaults__, value.__kwdefaults__))
            # Those of a library change with what else is done with it.
            used = _globals(value) if _is_own(value) else ()
            yield self._of([*_surroundings(value), *used])
        else:
            yield self._of_class(type(value)) + self._of(object.__getstate__(value))

    def _code(self, value):
        """Describe what a function does, not where it is; empty if the value is not a function."""
        value = getattr(value, "__func__", value)
        if isinstance(value, types.FunctionType):
            value = value.__code__
        if not isinstance(value, types.CodeType):
            return ""
        constants = ",".join(map(self._of, value.co_consts))
        return f"{value.co_code.hex()}{value.co_names}{constants}"


def _name(kind):
    return f"{kind.__module__}.{kind.__qualname__}"


def _pickled(value):
    """Describe an object of a library by its pickle, or if it has none, by its class."""
    try:
        return f"{_name(type(value))}:{joblib.hash(value)}"
    except Exception:
        # Such as a lock.
        return _name(type(value))


def _is_standard(code):
    """Whether a class belongs to Python or torch."""
    return str(code.__module__).partition(".")[0] in _STANDARD


def _is_own(code):
    """Whether a class or function was written by the user, not installed."""
    return _is_own_module(code.__module__)


def _is_own_module(name):
    # In a notebook or a worker, its file is that of the installed package that runs it.
    if name == "__main__":
        return True
    file = getattr(sys.modules.get(name), "__file__", None) or ""
    installed = {"site-packages", "dist-packages"}.intersection(Path(file).parts)
    return not installed and str(name).partition(".")[0] not in _STANDARD


def _members(kind):
    """Attributes of a class, without those that Python itself adds."""
    return {
        name: value
        for name, value in vars(kind).items()
        if isinstance(value, types.FunctionType) or not name.startswith("__")
    }


def _surroundings(function):
    """Yield the variables of enclosing functions that a function uses."""
    for cell in function.__closure__ or ():
        # Raised for a variable that is not set yet.
        with contextlib.suppress(ValueError):
            yield cell.cell_contents


def _globals(function):
    """Yield the globals that a function uses, of its module and of other modules of the user."""
    names = set(_names(function.__code__))
    spaces = [function.__globals__]
    for space in spaces:
        for name in sorted(names & space.keys()):
            value = space[name]
            yield name, value
            if (
                isinstance(value, types.ModuleType)
                and _is_own_module(value.__name__)
                and all(vars(value) is not known for known in spaces)
            ):
                spaces.append(vars(value))


def _names(code):
    """Names that code looks up: globals and attributes."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def _is_in_script(path, modules):
    return path != "" and isinstance(modules[path.rpartition(".")[0]], torch.jit.ScriptModule)


def _describe_script(script):
    """Hash TorchScript in its saved form, which has all code, settings and constants."""
    digest = hashlib.blake2b(digest_size=16)
    with zipfile.ZipFile(io.BytesIO(script.save_to_buffer())) as archive:
        for name in sorted(archive.namelist()):
            # Line numbers and the digest of the archive itself differ for the same code.
            if not name.endswith((".debug_pkl", "serialization_id")):
                digest.update(_MANGLE.sub(b"", name.encode() + b"\0" + archive.read(name)))
    return digest.hexdigest()


def _describe_tensor(tensor):
    values = tensor.detach().cpu().contiguous()
    content = hashlib.blake2b(values.flatten().view(torch.uint8).numpy().data, digest_size=16)
    return f"{values.dtype}{tuple(values.shape)}{content.hexdigest()}"
