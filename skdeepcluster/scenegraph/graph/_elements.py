"""Objects and relations of a scene graph, checked one at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._boxes import to_corners


@dataclass(frozen=True)
class SceneObject:
    """An object in an image, or one named in a sentence.

    Parameters
    ----------
    label : str
    box : tuple of 4 float, default=None
        Left, top, right, bottom in pixels.
    score : float, default=None
        Confidence of the detector, from 0 to 1.
    feature : ndarray of shape (n_features,), float32, default=None
        A network's features of the box.
    negated : bool, default=False
        Whether it is said not to be there: "no dog", "without a hat".
    """

    label: str
    box: tuple[float, float, float, float] | None = None
    score: float | None = None
    feature: np.ndarray | None = None
    negated: bool = False


@dataclass(frozen=True)
class SceneRelation:
    """How one object, the subject, relates to another.

    Parameters
    ----------
    subject : int
        Index of the subject among the objects of the graph.
    predicate : str
    object : int
        Index of the object among them.
    feature : ndarray of shape (n_features,), float32, default=None
        A network's features of the union box, the box around both objects.
    negated : bool, default=False
        Whether it is denied: "the man is not on the horse".
    """

    subject: int
    predicate: str
    object: int
    feature: np.ndarray | None = None
    negated: bool = False


def as_object(
    entry: Any,
    name: str,
    box_format: str | None = None,
    image_size: Sequence[float] | None = None,
) -> SceneObject:
    """Check an object; ``name`` is what messages call it.

    The box of a dict is converted: see ``to_corners``.
    """
    if isinstance(entry, SceneObject):
        entry = {key: getattr(entry, key) for key in SceneObject.__dataclass_fields__}
        box_format = image_size = None
    elif isinstance(entry, str):
        entry = {"label": entry}
    elif not isinstance(entry, Mapping):
        raise TypeError(f"{name} is a label or a dict with one, not {short_repr(entry)}.")
    if "label" not in entry:
        raise ValueError(f'{name} has no "label": {short_repr(entry)}.')
    if "bbox" in entry and "box" not in entry:
        raise ValueError(
            f'{name} has a "bbox", which is called "box" here. Say what its numbers are by '
            f'box_format=, such as "xywh": {short_repr(entry)}.'
        )
    return SceneObject(
        label=_as_word(entry["label"], f"label of {name}"),
        box=_as_box(entry.get("box"), f"box of {name}", box_format, image_size),
        score=_as_score(entry.get("score"), f"score of {name}"),
        feature=_as_feature(entry.get("feature"), f"feature of {name}"),
        negated=_as_flag(entry.get("negated", False), f'"negated" of {name}'),
    )


def as_relation(entry: Any, n_objects: int, name: str) -> SceneRelation:
    """Check a relation between the objects of a graph; ``name`` is what messages call it."""
    feature, negated = None, False
    if isinstance(entry, SceneRelation):
        parts: Sequence[Any] = (entry.subject, entry.predicate, entry.object)
        feature, negated = entry.feature, entry.negated
    elif isinstance(entry, Mapping):
        missing = [key for key in ("subject", "predicate", "object") if key not in entry]
        if missing:
            raise ValueError(f"{name} has no {missing}: {short_repr(entry)}.")
        parts = (entry["subject"], entry["predicate"], entry["object"])
        feature, negated = entry.get("feature"), entry.get("negated", False)
    elif isinstance(entry, str) or not isinstance(entry, Sequence) or len(entry) != 3:
        raise ValueError(f"{name} is (subject, predicate, object), not {short_repr(entry)}.")
    else:
        parts = entry
    subject, predicate, target = parts
    for role, index in (("subject", subject), ("object", target)):
        if not isinstance(index, int | np.integer) or isinstance(index, bool):
            raise TypeError(f"The {role} of {name} is the position of an object, not {index!r}.")
        if not 0 <= index < n_objects:
            raise ValueError(
                f"The {role} of {name} is {index}, and there are {n_objects} objects, "
                f"numbered from 0: {short_repr(entry)}."
            )
    return SceneRelation(
        int(subject),
        _as_word(predicate, f"predicate of {name}"),
        int(target),
        _as_feature(feature, f"feature of {name}"),
        _as_flag(negated, f'"negated" of {name}'),
    )


def as_triple(entry: Any, name: str) -> tuple[str, str, str]:
    """Check a (subject, predicate, object) of words; ``name`` is what messages call it."""
    if isinstance(entry, str) or not isinstance(entry, Sequence) or len(entry) != 3:
        raise ValueError(f"{name} is (subject, predicate, object), not {short_repr(entry)}.")
    subject, predicate, target = (_as_word(word, name) for word in entry)
    return subject, predicate, target


def _as_word(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"The {name} is text, not {short_repr(value)}.")
    if not value.strip():
        raise ValueError(f"The {name} is empty.")
    return value.strip()


def _as_flag(value: Any, name: str) -> bool:
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"The {name} is true or false, not {short_repr(value)}.")
    return bool(value)


def _as_box(value, name, box_format, image_size):
    if value is None:
        return None
    numbers = np.asarray(value, dtype=np.float64)
    if numbers.shape != (4,) or not np.isfinite(numbers).all():
        expected = "left, top, right, bottom in pixels"
        if box_format is not None or image_size is not None:
            expected = f"four finite numbers, {box_format or 'xyxy'!r}"
        raise ValueError(f"The {name} is {expected}, not {short_repr(value)}.")
    try:
        corners = to_corners(numbers, box_format, image_size)
    except ValueError as error:
        raise ValueError(f"The {name}, {short_repr(value)}, {error}") from None
    return tuple(map(float, corners))


def _as_score(value: Any, name: str) -> float | None:
    if value is None:
        return None
    if not isinstance(value, int | float | np.number) or not 0 <= value <= 1:
        raise ValueError(f"The {name} is from 0 to 1, not {short_repr(value)}.")
    return float(value)


def _as_feature(value: Any, name: str) -> np.ndarray | None:
    if value is None:
        return None
    with np.errstate(over="ignore"):
        feature = np.array(value, dtype=np.float32)
    if feature.ndim != 1 or not np.isfinite(feature).all():
        raise ValueError(f"The {name} is a vector of finite numbers, not {short_repr(value)}.")
    feature.flags.writeable = False
    return feature


def short_repr(value: Any, longest: int = 80) -> str:
    """Return the repr of a value for a message, cut short if it is long."""
    text = repr(value)
    return text if len(text) <= longest else text[: longest - 3] + "..."
