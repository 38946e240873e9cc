"""A digest of everything that determines what a network computes.

It is computed from weights and code, not from the features of an example image: those differ in
their last digits between machines, engines and numbers of threads, and however they are rounded,
some lie at a boundary. Features that one machine has cached would not be found by another.
"""

import re

import torch

from ..fingerprints import Description, digest_of

# Names of tensors that follow from the size of the images.
_RESAMPLED = re.compile(r"pos(_|ition)|resizing$")


def fingerprint(network, *others):
    """Hash weights, structure, settings and code of a network, one tensor at a time.

    Weights alone are not enough: two modules with the same weights may pool differently, and one
    that was edited in a notebook keeps its weights. The features of one must not be mistaken for
    those of the other. Code is followed through everything that it uses, up to libraries, of
    which only the names and the code that is used directly are hashed.

    Parameters
    ----------
    network : torch.nn.Module
    *others : plain values
        Hashed as well.

    Returns
    -------
    digest : str
        32 hexadecimal digits, the same in every process.
    """
    return digest_of(Description().of_network(network, others))


def weights_digest(network, *others):
    """Hash the weights of a network, for years: not code, nor names, which libraries change.

    Of what is resampled to the size of the images when a network is loaded, such as position
    embeddings, the shape is hashed: the last digits of the values differ between machines.

    Parameters
    ----------
    network : torch.nn.Module
    *others : plain values
        Hashed as well.

    Returns
    -------
    digest : str
        32 hexadecimal digits.
    """
    described = Description().of_value
    tensors = sorted(
        str(tuple(tensor.shape)) if _RESAMPLED.search(name) else "".join(described(tensor))
        for name, tensor in network.state_dict().items()
        # Whole numbers are counts and indices; modules may also have states that are no tensors.
        if isinstance(tensor, torch.Tensor) and tensor.is_floating_point()
    )
    return digest_of([repr(others), *tensors])
