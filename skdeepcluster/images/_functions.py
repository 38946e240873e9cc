"""Functions of the user, known again by their name and code."""

import functools
import types

import joblib


def name_of(function):
    """Return the full name of a function, or of the class of an object that is called."""
    named = function if hasattr(function, "__qualname__") else type(function)
    return f"{named.__module__}.{named.__qualname__}"


def identity_of(function):
    """Describe a function by its name, code, and the values that it holds."""
    if isinstance(function, functools.partial):
        held = function.args, sorted(function.keywords.items())
        return "partial", identity_of(function.func), _hash(held)
    code = getattr(function, "__code__", None)
    if code is None:
        # An object that is called, or a function of C.
        code = getattr(type(function).__call__, "__code__", None)
        return (
            name_of(function),
            code and _code_of(code),
            _hash(getattr(function, "__dict__", None)),
        )
    cells = [cell.cell_contents for cell in function.__closure__ or ()]
    return name_of(function), _code_of(code), _hash((function.__defaults__, cells))


def _code_of(code):
    constants = [
        _code_of(part) if isinstance(part, types.CodeType) else repr(part)
        for part in code.co_consts
    ]
    return code.co_code.hex(), code.co_names, constants


def _hash(values):
    try:
        return joblib.hash(values)
    except Exception:
        # What cannot be pickled is taken for another value each time.
        return repr(values)
