"""Prefixes of tensor names, which tell the parts of a saved model apart."""


def prefixed(prefix, tensors):
    """Add a prefix to all names."""
    return {prefix + name: tensor for name, tensor in tensors.items()}


def without_prefix(prefix, tensors):
    """Return the tensors whose names begin with the prefix, with it removed."""
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }
