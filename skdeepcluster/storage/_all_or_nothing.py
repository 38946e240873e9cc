"""Methods that leave an estimator as it was if they fail."""

from functools import wraps


def all_or_nothing(method):
    """Restore all attributes of an estimator if the method raises or is interrupted.

    Otherwise attributes of a failed fit would be mixed with those of the fit before.
    """

    @wraps(method)
    def wrapped(self, *args, **kwargs):
        before = dict(vars(self))
        try:
            return method(self, *args, **kwargs)
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise

    return wrapped
