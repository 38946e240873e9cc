"""Visual Genome."""

from os import PathLike

from ..graph import short_repr
from ._builder import GraphBuilder
from ._files import naming, read_entries
from ._records import GraphRecord
from ._skipped import Skipped

_PARTS = ("objects", "relationships", "attributes")


def read_visual_genome(path: str | PathLike) -> list[GraphRecord]:
    """Read a file of Visual Genome.

    Any of scene_graphs.json, relationships.json, objects.json and attributes.json, of all versions,
    compressed by gzip or not; or a file of one image. Of several names of an object the first is
    taken, identifiers that were merged into another mean that one, and attributes become objects
    that are related by "is". Words are in lower case.

    Parameters
    ----------
    path : path

    Returns
    -------
    records : list of GraphRecord
        Without captions. The image is ``f"{record.image_id}.jpg"``.

    Raises
    ------
    ValueError
        If an entry is not in this format; the message names it.

    Warns
    -----
    UserWarning
        If objects without a name, boxes of a negative size, or relations without a predicate or
        one of their ends were left out; once, with their numbers.
    """
    skipped = Skipped()
    records = []
    for position, image in enumerate(_images(path)):
        with naming(f"Entry {position} of {str(path)!r} is not in Visual Genome's format"):
            image_id = _first(image, ("image_id", "id"), position)
            records.append(GraphRecord(str(image_id), _graph(image, skipped)))
    skipped.warn(path)
    return records


def _images(path):
    """Yield the images of a list, or the one that a whole file describes."""
    one_image = {}
    for key, value in read_entries(path):
        if isinstance(key, str):
            one_image[key] = value
        else:
            yield value
    if one_image:
        yield one_image


def _graph(image, skipped):
    if not any(part in image for part in _PARTS):
        raise ValueError(f"it has none of {', '.join(_PARTS)}")
    builder = GraphBuilder(skipped, "xywh")
    for entry in image.get("objects") or ():
        _add_object(builder, entry)
    for entry in image.get("attributes") or ():
        # The official driver adds them to a scene graph one level deeper.
        _add_object(builder, entry.get("attribute", entry))
    for entry in image.get("relationships") or ():
        # Either whole objects, or identifiers of those above.
        if "subject" in entry:
            ends = [_add_object(builder, entry[end]) for end in ("subject", "object")]
        else:
            ends = [entry["subject_id"], entry["object_id"]]
        builder.add_relation(ends[0], entry.get("predicate"), ends[1])
    return builder.graph()


def _add_object(builder, entry):
    """Add an object; return its identifier."""
    identifier = _first(entry, ("object_id", "id"))
    builder.add_object(
        [identifier, *(entry.get("merged_object_ids") or ())],
        entry.get("names") or entry.get("name"),
        [entry.get(key) for key in "xywh"],
        attributes=entry.get("attributes"),
    )
    return identifier


def _first(entry, keys, *default):
    """Return the value of the first of several keys that is there: versions differ in names."""
    for key in keys:
        if key in entry:
            return entry[key]
    if not default:
        raise ValueError(f"there is no {' or '.join(map(repr, keys))}: {short_repr(entry)}")
    return default[0]
