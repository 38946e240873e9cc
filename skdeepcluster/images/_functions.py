"""Functions of the user that read images, known again by what they do."""

from ..fingerprints import Description, digest_of


def name_of(function):
    """Return the full name of a function, or of the class of an object that is called."""
    named = function if hasattr(function, "__qualname__") else type(function)
    return f"{named.__module__}.{named.__qualname__}"


def identity_of(function):
    """Hash a function, with all that it uses and the values that it holds.

    Parameters
    ----------
    function : callable

    Returns
    -------
    digest : str
        32 hexadecimal digits, the same in every process.
    """
    return digest_of(Description(libraries_hold_values=True).of_value(function))
