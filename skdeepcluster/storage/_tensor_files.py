"""Files of tensors: what they say they hold is compared with what they must hold, then read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from os import PathLike
from pathlib import Path
from reprlib import repr as short_repr
from typing import TYPE_CHECKING, Any, Self

from . import schema
from ._atomic import rights_of_umask
from .schema import Damaged

if TYPE_CHECKING:
    import torch


def write_tensors(path: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    """Write tensors to a safetensors file, readable by whom the umask lets read it."""
    from safetensors.torch import save_file

    with rights_of_umask(path):
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path)


class TensorFile:
    """A safetensors file whose header is read, and nothing else yet.

    Parameters
    ----------
    path : path

    Raises
    ------
    Damaged
        If there is no such file, or it is damaged.
    """

    def __init__(self, path: str | PathLike[str]):
        from safetensors import SafetensorError, safe_open

        self._name = Path(path).name
        schema.require(Path(path).is_file(), f"there is no file {self._name}")
        try:
            self._file = safe_open(path, framework="pt")
        except SafetensorError as error:
            raise Damaged(f"{self._name} cannot be read ({error})") from error

    def __enter__(self) -> Self:
        self._file.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._file.__exit__(*error)

    @property
    def names(self) -> list[str]:
        """Names of all tensors."""
        return list(self._file.keys())

    def refuse_others(self, known: Collection[str]) -> None:
        """Refuse a file with tensors of other names than those that are known."""
        for name in self.names:
            schema.require(name in known, f"{short_repr(name)} in {self._name} is unknown")

    def size(self, name: str, axis: int) -> int:
        """Length of an axis of a tensor, from 1 to ``schema.MOST``."""
        schema.require(name in self.names, f"{self._name} has no {name!r}")
        shape = self._file.get_slice(name).get_shape()
        schema.require(axis < len(shape), f"{name!r} has the shape {shape}")
        schema.whole(1)(shape[axis], f"the size of {name!r}")
        return shape[axis]

    def read(self, expected: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Read tensors whose shapes and types are as expected.

        Parameters
        ----------
        expected : dict of str to torch.Tensor
            Of the right shapes and types, best on the device "meta".

        Raises
        ------
        Damaged
            If one is missing, or of another shape or type. Then none is read.
        """
        names = set(self.names)
        for name, tensor in expected.items():
            schema.require(name in names, f"{self._name} has no {name!r}")
            stored = self._file.get_slice(name)
            found = stored.get_dtype(), tuple(stored.get_shape())
            wanted = _type_name(tensor.dtype), tuple(tensor.shape)
            schema.require(
                found == wanted,
                f"{name!r} in {self._name} is {found[0]} of shape {found[1]} in place of "
                f"{wanted[0]} of shape {wanted[1]}",
            )
        return {name: self._file.get_tensor(name) for name in expected}


def _type_name(dtype):
    """Return the name that safetensors has for a torch type, such as "F32" or "BOOL"."""
    name = str(dtype).removeprefix("torch.")
    if name in ("bool", "bfloat16"):
        return {"bool": "BOOL", "bfloat16": "BF16"}[name]
    kind = name.rstrip("0123456789")
    return {"float": "F", "int": "I", "uint": "U", "complex": "C"}[kind] + name[len(kind) :]
