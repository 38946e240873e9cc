"""Values of options: from text, or incorrect usage."""

from argparse import ArgumentTypeError
from pathlib import Path


class UsageError(Exception):
    """Options that do not fit together, which a command finds when it runs."""


def integer_from(minimum, *names):
    """Return a type of option: integers from a minimum on, or one of some names."""

    def convert(text):
        if text in names:
            return text
        try:
            number = int(text)
        except ValueError:
            number = minimum - 1
        if number < minimum:
            or_name = "".join(f", nor {name!r}" for name in names)
            raise ArgumentTypeError(f"{text!r} is no integer from {minimum} on{or_name}")
        return number

    return convert


def path(text):
    """Convert to a path; an empty one, as of a variable that is not set, would be "."."""
    if not text:
        raise ArgumentTypeError("the path is empty; the working folder is called .")
    return Path(text)


def label_and(what):
    """Return a type of option: LABEL=TEXT as (label, text), or TEXT=LABEL as (text, label)."""
    is_first = what != "path"

    def convert(text):
        first, _, second = text.partition("=") if is_first else text.rpartition("=")
        label, other = (first, second) if is_first else (second, first)
        if not (label.isascii() and label.isdecimal() and (other or what == "name")):
            form = f"LABEL={what.upper()}" if is_first else f"{what.upper()}=LABEL"
            raise ArgumentTypeError(f"{text!r} is not {form}, such as {_EXAMPLES[what]}")
        return (int(label), other) if is_first else (other, int(label))

    return convert


_EXAMPLES = {"name": "3=dogs", "path": "photos/a.jpg=3"}


def several_labels(text):
    """Convert to two labels or more."""
    labels = text.split(",")
    if len(labels) < 2 or not all(label.isascii() and label.isdecimal() for label in labels):
        raise ArgumentTypeError(f"{text!r} are not two labels or more, such as 1,4")
    return [int(label) for label in labels]


def amount(text):
    """Convert to a number from 0 on."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    # Written so that NaN is refused, too.
    if not number >= 0:
        raise ArgumentTypeError(f"{text!r} is no number from 0 on")
    return number


def channels(text):
    """Convert to one to three integers from 0 on."""
    numbers = tuple(map(integer_from(0), text.split(",")))
    if len(numbers) not in (1, 2, 3):
        raise ArgumentTypeError(f"{text!r} are not one to three channels")
    return numbers


def intensity_range(text):
    """Convert to a lower and an upper value, or the name of a way to find them."""
    if text in ("auto", "dataset", "dtype", "image"):
        return text
    try:
        low, high = map(float, text.split(","))
    except ValueError:
        raise ArgumentTypeError(
            f"{text!r} is neither LOW,HIGH nor auto, dataset, image or dtype"
        ) from None
    if not -float("inf") < low < high < float("inf"):
        raise ArgumentTypeError(f"{text!r}: the lower value comes first, and both are finite")
    return low, high
