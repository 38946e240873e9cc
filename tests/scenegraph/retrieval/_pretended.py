"""A second device on a machine without one.

Its tensors are on "meta" by name and hold their numbers on the CPU. What would fail on a GPU fails
here: tensors of both devices in one operation, and NumPy's access to those of the device.
"""

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

DEVICE = torch.device("meta")
# Copies between devices; and a GPU's tensor can be indexed by indices on the CPU.
_INDEXING = ("index", "index_put", "index_put_")
# Lengths of packed sequences are on the CPU always.
_PACKING = ("_pack_padded_sequence", "_pad_packed_sequence", "_pack_padded_sequence_backward")


class Pretended(torch.Tensor):
    """A tensor that says it is on the device."""

    @staticmethod
    def __new__(cls, numbers):
        made = torch.Tensor._make_wrapper_subclass(
            cls, numbers.shape, strides=numbers.stride(), dtype=numbers.dtype, device=DEVICE
        )
        made.numbers = numbers
        return made

    def tolist(self):
        return self.cpu().tolist()

    @classmethod
    def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
        raise RuntimeError("a tensor of the pretended device is used outside of it")


class PretendedDevice(TorchDispatchMode):
    """Makes the device available."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        name = function.overloadpacket.__name__
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
        is_there = [isinstance(tensor, Pretended) for tensor in tensors]
        if kwargs.get("device") is not None:
            stays_there = torch.device(kwargs["device"]) == DEVICE
            kwargs["device"] = "cpu"
        else:
            stays_there = any(is_there)
            strangers = [
                tensor
                for tensor, there in zip(tensors, is_there, strict=True)
                if not there and tensor.dim()
            ]
            may_mix = name == "copy_" or name in _PACKING or (name in _INDEXING and is_there[0])
            if stays_there and strangers and not may_mix:
                raise RuntimeError(f"{name}: tensors are on two devices")
        found = function(*tree_map(_numbers, args), **tree_map(_numbers, kwargs))
        if name == "copy_" or (name.endswith("_") and not name.endswith("__")):
            return args[0]
        if stays_there and name in _PACKING and isinstance(found, tuple):
            return _pretended(found[0]), found[1]
        return tree_map(_pretended, found) if stays_there else found


def _numbers(leaf):
    return leaf.numbers if isinstance(leaf, Pretended) else leaf


def _pretended(leaf):
    return Pretended(leaf) if isinstance(leaf, torch.Tensor) else leaf
