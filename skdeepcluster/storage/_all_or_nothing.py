"""An estimator that a failed fit leaves as it was."""

from functools import wraps


def all_or_nothing(method):
    """Let a method that raises, or is interrupted, leave no attribute behind or changed.

    Otherwise parts of a fit that failed would stand beside parts of the one before.
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
