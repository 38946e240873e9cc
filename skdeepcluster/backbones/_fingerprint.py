"""A digest of everything that determines what a network computes.

It is computed from weights and code, not from the features of an example image: those differ in
their last digits between machines, engines and numbers of threads, and however they are rounded,
some lie at a boundary. Features that one machine has cached would not be found by another.
"""

from ..fingerprints import Description, digest_of


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
