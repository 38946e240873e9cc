"""What an estimator loads when it is first used, and does not take along when it is pickled."""


def loaded_once(estimator, key, load):
    """Load something for an estimator, or return what was loaded for an equal key before.

    It is kept in the attribute ``_loaded``. Set that to None to have it loaded again. A pickle or
    a deep copy of the estimator holds None in its place.

    Parameters
    ----------
    estimator : estimator
    key : object
        What the thing to load depends on, such as a tuple of parameters.
    load : callable
        Called without arguments.

    Returns
    -------
    loaded : object
        What ``load`` returned for the key.

    Examples
    --------
    >>> from sklearn.base import BaseEstimator
    >>> from skdeepcluster.storage import loaded_once
    >>> estimator = BaseEstimator()
    >>> loaded_once(estimator, "small", load=lambda: "a small network")
    'a small network'
    >>> loaded_once(estimator, "small", load=lambda: "another network")
    'a small network'
    """
    held = getattr(estimator, "_loaded", None)
    if held is None or held.key != key:
        held = estimator._loaded = _Loaded(key, load())
    return held.value


class _Loaded:
    """A value that is None when it comes out of a pickle."""

    def __init__(self, key, value):
        self.key = key
        self.value = value

    def __reduce__(self):
        return _nothing, ()


def _nothing():
    return None
