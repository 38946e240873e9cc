"""Damaged files: images and scene graphs in which something was changed."""

import io
import json
import struct
import zlib

import numpy as np
from PIL import Image
from skimage import data

_EXTREMES = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)
_WRONG = (None, True, -1, 3, 10**400, 1e308, float("nan"), float("inf"), "", " ", "\ud800", [], {})


def whole_images():
    """Encode photographs in every format; a dict of suffix to a list of bytes."""
    photo = Image.fromarray(data.astronaut()).crop((80, 20, 240, 140))
    deep = Image.fromarray(np.asarray(photo.convert("L")).astype(np.uint16) * 257)
    exif = Image.Exif()
    exif[0x0112] = 6
    kinds = {
        ".jpg": [
            (photo, {"exif": exif}),
            (photo, {"progressive": True}),
            (photo.convert("CMYK"), {}),
            (photo.convert("L"), {}),
        ],
        ".png": [
            (photo, {}),
            (photo.convert("P"), {"transparency": 3}),
            (photo.convert("RGBA"), {}),
            (deep, {}),
        ],
        ".webp": [
            (photo, {}),
            (photo.convert("RGBA"), {"lossless": True}),
            (photo, {"save_all": True, "append_images": [photo.rotate(90)], "duration": 50}),
        ],
        ".tif": [
            (photo, {}),
            (photo, {"compression": "tiff_lzw"}),
            (photo, {"compression": "jpeg"}),
            (photo.convert("1"), {"compression": "group4"}),
            (deep, {"compression": "tiff_adobe_deflate"}),
            (photo.convert("F").point(lambda value: value / 255), {}),
        ],
    }
    formats = {".jpg": "JPEG", ".png": "PNG", ".webp": "WEBP", ".tif": "TIFF"}
    return {
        suffix: [_encode(image, formats[suffix], how) for image, how in images]
        for suffix, images in kinds.items()
    }


def _encode(image, kind, how):
    file = io.BytesIO()
    image.save(file, kind, **how)
    return file.getvalue()


def damaged_image(whole, seed):
    """Damage one of ``whole_images``; the same for the same seed.

    Returns
    -------
    suffix : str
    content : bytes
    """
    rng = np.random.default_rng(seed)
    suffix = list(whole)[seed % len(whole)]
    content = bytearray(whole[suffix][rng.integers(len(whole[suffix]))])
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        _damage(content, rng)
    if suffix == ".png" and rng.random() < 0.7:
        # Else the checksums alone refuse nearly all of them.
        content = _with_checksums(content)
    return suffix, bytes(content)


def _damage(content, rng):
    """Change bytes in place, more often near the start, where sizes and types are."""
    n_bytes = len(content)
    if not n_bytes:
        return
    place = int(rng.integers(min(n_bytes, 200) if rng.random() < 0.6 else n_bytes))
    length = int(rng.integers(1, 64))
    kind = rng.integers(6)
    if kind == 0:
        content[place] = int(rng.integers(256))
    elif kind == 1:
        width, order = ((2, "H"), (4, "I"))[rng.integers(2)]
        value = int(rng.choice(_EXTREMES)) & (256**width - 1)
        content[place : place + width] = struct.pack("<>"[rng.integers(2)] + order, value)
    elif kind == 2:
        del content[place:]
    elif kind == 3:
        del content[place : place + length]
    elif kind == 4:
        content[place:place] = rng.bytes(length)
    else:
        content[place:place] = content[place : place + length]


def _with_checksums(content):
    """Correct the checksums of a PNG file, as far as its chunks can be followed."""
    fixed, start = bytearray(content), 8
    while start + 12 <= len(fixed):
        length = int.from_bytes(fixed[start : start + 4], "big")
        end = start + 8 + length
        if end + 4 > len(fixed):
            break
        fixed[end : end + 4] = zlib.crc32(fixed[start + 4 : end]).to_bytes(4, "big")
        start = end + 4
    return fixed


_BOX = {"x": 1, "y": 2, "w": 30, "h": 40}
# An image of each format, between what begins and what ends its file.
_GRAPHS = {
    "read_graph_lines": (
        "",
        {
            "image_id": "7",
            "objects": [
                {"label": "dog", "box": [1, 2, 30, 40], "score": 0.5, "feature": [0.1, 2]},
                "snow",
            ],
            "relations": [
                [0, "run through", 1],
                {"subject": 1, "predicate": "under", "object": 0},
            ],
            "captions": [{"text": "a dog runs", "triples": [["dog", "run", "snow"]]}, "snow"],
            "box_format": "xyxy",
        },
        "",
    ),
    "read_visual_genome": (
        "[",
        {
            "image_id": 7,
            "objects": [
                {"object_id": 1, "names": ["dog"], "merged_object_ids": [3], **_BOX},
                {"object_id": 2, "name": "snow", "attributes": ["white"], **_BOX},
            ],
            "relationships": [
                {"subject_id": 1, "predicate": "ON", "object_id": 2},
                {
                    "subject": {"object_id": 4, "names": ["dog"], **_BOX},
                    "predicate": "IN",
                    "object": {"object_id": 2, "name": "snow", **_BOX},
                },
            ],
        },
        "]",
    ),
    "read_gqa": (
        "{",
        {
            "width": 90,
            "height": 80,
            "objects": {
                "1": {
                    "name": "dog",
                    "attributes": ["brown"],
                    "relations": [{"name": "in", "object": "2"}],
                    **_BOX,
                },
                "2": {"name": "snow", "attributes": [], "relations": [], **_BOX},
            },
        },
        "}",
    ),
    "read_psg": (
        '{"thing_classes": ["dog"], "stuff_classes": ["snow"], "predicate_classes": ["in"], '
        '"test_image_ids": [], "data": [',
        {
            "image_id": "7",
            "file_name": "val2017/7.jpg",
            "annotations": [
                {"bbox": [1, 2, 31, 42], "category_id": 0},
                {"bbox": [0, 0, 90, 80], "category_id": 1},
            ],
            "relations": [[0, 1, 0]],
        },
        "]}",
    ),
    "read_coco": (
        '{"images": [{"id": 7, "file_name": "7.jpg"}], "categories": [{"id": 1, "name": "dog"}], '
        '"annotations": [',
        {"image_id": 7, "category_id": 1, "bbox": [1, 2, 30, 40], "score": 0.9},
        "]}",
    ),
}


def damaged_graphs(seed):
    """Damage a file of scene graphs, in its values, its text or its nesting.

    Returns
    -------
    reader : str
        Name of the function of :mod:`skdeepcluster.scenegraph` that reads such files.
    content : bytes
    """
    rng = np.random.default_rng(seed)
    reader = list(_GRAPHS)[seed % len(_GRAPHS)]
    start, whole, end = _GRAPHS[reader]
    graph = json.loads(json.dumps(whole))
    kind = rng.integers(4)
    if kind < 2:
        for _ in range(rng.integers(1, 4)):
            _replace(graph, rng)
    texts = [json.dumps(whole), json.dumps(graph)]
    if kind == 2:
        deep = 10 ** int(rng.integers(2, 6))
        texts[1] = texts[1].replace('"dog"', "[" * deep + "]" * deep, 1)
    if start == "{":
        texts = [f'"{number}": {text}' for number, text in enumerate(texts)]
    content = bytearray((start + (",\n" if end else "\n").join(texts) + end).encode())
    if kind == 3:
        for _ in range(rng.integers(1, 4)):
            _damage(content, rng)
    return reader, bytes(content)


def _replace(graph, rng):
    """Put a wrong value somewhere, or leave a value out."""
    places = []

    def walk(node):
        for key in node if isinstance(node, dict) else range(len(node)):
            places.append((node, key))
            if isinstance(node[key], dict | list):
                walk(node[key])

    walk(graph)
    if places:
        node, key = places[rng.integers(len(places))]
        if rng.random() < 0.2:
            del node[key]
        else:
            node[key] = _WRONG[rng.integers(len(_WRONG))]
