"""The steps of a computation, which are numbered over all that it consists of."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass
class _Count:
    """Steps that were begun, of how many that are expected, and the name of the present one."""

    n_begun: int = 0
    n_expected: int = 0
    name: str | None = None


_count: ContextVar[_Count | None] = ContextVar("count of steps", default=None)


@contextmanager
def counted_steps() -> Iterator[None]:
    """Count the steps within; those of a computation within another go on with its count."""
    if _count.get() is not None:
        yield
        return
    token = _count.set(_Count())
    try:
        yield
    finally:
        _count.reset(token)


def expect_steps(n_steps: int) -> None:
    """Say how many steps there will be, besides those that others expect.

    Those of a computation within a step are parts of it, and do not count.
    """
    count = _count.get()
    if count is not None and count.name is None:
        count.n_expected += n_steps


@contextmanager
def step(name: str) -> Iterator[None]:
    """Begin the next step, to which all bars within belong; one within another is a part of it."""
    count = _count.get()
    if count is None or count.name is not None:
        yield
        return
    count.n_begun += 1
    count.name = name
    try:
        yield
    finally:
        count.name = None


def titled(name: str) -> str:
    """Put the number and the name of the present step before the name of a bar."""
    count = _count.get()
    if count is None or count.name is None:
        return name
    title = count.name if name == count.name else f"{count.name}, {name}"
    # One that is all there is needs no number.
    if count.n_expected < 2:
        return title
    return f"step {count.n_begun} of {count.n_expected}: {title}"
