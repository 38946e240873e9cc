"""Rules for what a saved model holds, which may come from anybody.

A rule is a function of a value and its name that raises :class:`Damaged` unless the value is what
it must be. Rules are made of rules: ``list_of(text)``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from reprlib import repr as short_repr
from typing import Any, TypeAlias

Rule: TypeAlias = Callable[[Any, str], None]

# No array of a model has more rows or columns, so that the number of bytes of any that a file may
# claim to hold fits in 64 bits.
MOST = 2**28


class Damaged(ValueError):
    """Something of a saved model is not what it must be; the message says what."""


def require(holds: bool, problem: str) -> None:
    """Raise :class:`Damaged` with the problem unless a condition holds."""
    if not holds:
        raise Damaged(problem)


def anything(value: Any, name: str) -> None:
    """Demand nothing."""


def text(value: Any, name: str) -> None:
    """Demand a string of valid Unicode."""
    _demand(_is_encodable(value, "strict"), value, name, "a string")


def path(value: Any, name: str) -> None:
    """Demand a string that may stand for a path, whose bytes need not be valid text."""
    holds = _is_encodable(value, "surrogateescape") and "\0" not in value
    _demand(holds, value, name, "a path")


def boolean(value: Any, name: str) -> None:
    """Demand true or false."""
    _demand(isinstance(value, bool), value, name, "true or false")


def whole(low: int = 0, high: int = MOST) -> Rule:
    """Demand an integer from ``low`` to ``high``."""

    def check(value, name):
        holds = _is_number(value) and isinstance(value, int) and low <= value <= high
        _demand(holds, value, name, f"an integer from {low} to {high}")

    return check


def real(low: float = -math.inf, high: float = math.inf, *, finite: bool = True) -> Rule:
    """Demand a number from ``low`` to ``high``, or any if it need not be finite."""

    def check(value, name):
        holds = _is_number(value)
        if finite:
            holds = holds and math.isfinite(value) and low <= value <= high
        _demand(holds, value, name, f"a number from {low:g} to {high:g}" if finite else "a number")

    return check


def one_of(*allowed: Any) -> Rule:
    """Demand one of some values, such as strings or null."""

    def check(value, name):
        holds = any(value == other and type(value) is type(other) for other in allowed)
        _demand(holds, value, name, f"one of {', '.join(map(repr, allowed))}")

    return check


def maybe(rule: Rule) -> Rule:
    """Allow null as well."""

    def check(value, name):
        if value is not None:
            rule(value, name)

    return check


def one_or_list_of(rule: Rule) -> Rule:
    """Demand a value, or a list of some, that obey a rule."""

    def check(value, name):
        if isinstance(value, list):
            require(bool(value), f"{name} is an empty list")
            list_of(rule)(value, name)
        else:
            rule(value, name)

    return check


def list_of(rule: Rule, length: int | None = None, *, distinct: bool = False) -> Rule:
    """Demand a list whose items obey a rule."""

    def check(value, name):
        _demand(isinstance(value, list), value, name, "a list")
        for place, item in enumerate(value):
            rule(item, f"{name}[{place}]")
        n_items = len(value)
        require(length in (None, n_items), f"{name} has {n_items} items in place of {length}")
        require(not distinct or len(set(value)) == n_items, f"{name} holds the same more than once")

    return check


def mapping_of(rule: Rule, keys: Rule = text) -> Rule:
    """Demand an object whose values, and keys, obey a rule each."""

    def check(value, name):
        _demand(isinstance(value, dict), value, name, "an object")
        for key, item in value.items():
            keys(key, f"a key of {name}")
            rule(item, f"{name}.{key}")

    return check


def record(required: Mapping[str, Rule], optional: Mapping[str, Rule] | None = None) -> Rule:
    """Demand an object with these fields and no others, each of which obeys its rule."""
    rules = {**required, **(optional or {})}

    def check(value, name):
        _demand(isinstance(value, dict), value, name, "an object")
        inside = f"{name}." if name else ""
        for field in required:
            require(field in value, f"it has no {inside + field!r}")
        for field, item in value.items():
            require(field in rules, f"{short_repr(inside + field)} is unknown to this version")
            rules[field](item, inside + field)

    return check


def _is_encodable(value, errors):
    try:
        return isinstance(value, str) and value.encode("utf-8", errors) is not None
    except UnicodeEncodeError:
        return False


def _is_number(value):
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        float(value)
    except OverflowError:
        return False
    return True


def _demand(holds, value, name, what):
    require(holds, f"{name or 'it'} must be {what}, and is {short_repr(value)}")
