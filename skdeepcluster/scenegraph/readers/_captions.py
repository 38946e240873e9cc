"""Captions of images."""

from collections.abc import Collection
from os import PathLike

from ._files import naming, read_json
from ._skipped import Skipped


def read_captions(
    path: str | PathLike, *, split: str | Collection[str] | None = None
) -> dict[str, tuple[str, ...]]:
    """Read the captions of images, from a file of Karpathy's or of COCO's.

    Parameters
    ----------
    path : path
        dataset_flickr30k.json, dataset_flickr8k.json or dataset_coco.json, as split by Karpathy; or
        a file such as captions_val2017.json. May be compressed by gzip.
    split : str or list of str, default=None
        In files of Karpathy's, which images to read: "train", "restval", "val" or "test". None
        reads all.

    Returns
    -------
    captions : dict of str to tuple of str
        The sentences of each image by the name of its file.

    Raises
    ------
    ValueError
        If an entry is not in this format, or no image is of the split.

    Warns
    -----
    UserWarning
        If captions without text, or images without captions, were left out; once, with their
        numbers.

    Examples
    --------
    With the graphs of the same images, from any reader that tells their files:

    >>> captions = read_captions("dataset_flickr30k.json", split="train")  # doctest: +SKIP
    >>> records = read_coco("detections.json", annotations="images.json")  # doctest: +SKIP
    >>> records = [r for r in records if r.image_id in captions]  # doctest: +SKIP
    >>> X = [r.graph for r in records]  # doctest: +SKIP
    >>> y = [captions[r.image_id] for r in records]  # doctest: +SKIP
    """
    splits = {split} if isinstance(split, str) else split
    skipped = Skipped()
    data = read_json(path)
    with naming(f"{str(path)!r} holds no captions of Karpathy's or COCO's"):
        texts = _of_coco(data, splits) if "annotations" in data else _of_karpathy(data, splits)
    captions = {}
    for name, sentences in texts.items():
        written = [" ".join(text.split()) for text in sentences if isinstance(text, str)]
        captions[name] = tuple(filter(None, written))
        for _ in range(len(sentences) - len(captions[name])):
            skipped.add("captions without text")
        if not captions[name]:
            del captions[name]
            skipped.add("images without a caption")
    skipped.warn(path)
    return captions


def _of_karpathy(data, splits):
    images = data["images"]
    known = dict.fromkeys(str(image.get("split")) for image in images)
    if splits is not None and not known.keys() & splits:
        raise ValueError(f"no image is of the split {sorted(splits)}; there are {list(known)}")
    return {
        str(image["filename"]): [
            sentence["raw"] if "raw" in sentence else " ".join(sentence["tokens"])
            for sentence in image["sentences"]
        ]
        for image in images
        if splits is None or image.get("split") in splits
    }


def _of_coco(data, splits):
    if splits is not None:
        raise ValueError("it has no splits, which are in other files")
    files = {image["id"]: str(image["file_name"]) for image in data["images"]}
    texts: dict[str, list] = {name: [] for name in files.values()}
    for entry in data["annotations"]:
        texts[files[entry["image_id"]]].append(entry["caption"])
    return texts
