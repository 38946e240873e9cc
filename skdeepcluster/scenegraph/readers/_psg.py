"""PSG, panoptic scene graphs."""

from os import PathLike

from ._builder import GraphBuilder
from ._files import naming, read_json
from ._records import GraphRecord
from ._skipped import Skipped

# Of the names that COCO gives to classes of "stuff": they say how classes were made.
_SUFFIXES = ("-merged", "-stuff", "-other")


def read_psg(path: str | PathLike, *, split: str | None = None) -> list[GraphRecord]:
    """Read psg.json of the dataset PSG.

    Names of classes such as "sky-other-merged" are shortened to "sky".

    Parameters
    ----------
    path : path
        May be compressed by gzip.
    split : {"train", "test"}, default=None
        Which images to read, by the file's list of test images; None reads all.

    Returns
    -------
    records : list of GraphRecord
        Without captions; ``image_id`` is the name of the image's file in the folder of COCO.

    Raises
    ------
    ValueError
        If an entry is not in this format; the message names it.

    Warns
    -----
    UserWarning
        If something was left out: see :func:`skdeepcluster.scenegraph.read_visual_genome`.
    """
    if split not in (None, "train", "test"):
        raise ValueError(f'split is "train", "test" or None, not {split!r}.')
    skipped = Skipped()
    data = read_json(path)
    with naming(f"{str(path)!r} is not in PSG's format"):
        names = [*data["thing_classes"], *data["stuff_classes"]]
        classes = dict(enumerate(map(_plain_name, names)))
        predicates, images = dict(enumerate(data["predicate_classes"])), data["data"]
        test = {str(image_id) for image_id in data["test_image_ids"]} if split else set()
    records = []
    for position, image in enumerate(images):
        with naming(f"Entry {position} of {str(path)!r} is not in PSG's format"):
            if split is None or (split == "test") is (str(image["image_id"]) in test):
                graph = _graph(image, classes, predicates, skipped)
                records.append(GraphRecord(str(image["file_name"]), graph))
    skipped.warn(path)
    return records


def _graph(image, classes, predicates, skipped):
    builder = GraphBuilder(skipped)
    for number, entry in enumerate(image["annotations"]):
        builder.add_object([number], classes.get(entry["category_id"]), entry.get("bbox"))
    for subject, target, predicate in image["relations"]:
        builder.add_relation(subject, predicates.get(predicate), target)
    return builder.graph()


def _plain_name(name):
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    return name
