"""Tensors of a part, among those of the whole: their names begin with that of the part."""


def prefixed(prefix, tensors):
    """Put a prefix before all names."""
    return {prefix + name: tensor for name, tensor in tensors.items()}


def without_prefix(prefix, tensors):
    """Return the tensors whose names begin with a prefix, without it."""
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }
