"""OME-TIFF files that are parts of a set: what the description says of the file itself."""

from xml.etree import ElementTree

import numpy as np


def own_description(description, filename, n_pages):
    """Leave of the OME-XML of a file only what is said of its own pages.

    Each file of a set, such as one for each time, describes all of them.

    Parameters
    ----------
    description : str
    filename : str
        By which the file is known in the set where it has no identifier.
    n_pages : int
        Of the file.

    Returns
    -------
    description : str or None
        The same if it names no other files; None if nothing can be told of the file's own pages,
        or if they make up no array.
    """
    try:
        root = ElementTree.fromstring(description)
    except ElementTree.ParseError:
        return description
    own_uuid = root.get("UUID")

    def is_of_another(data):
        file = data.find("{*}UUID")
        if file is None:
            return False
        return file.text != own_uuid if own_uuid else file.get("FileName") != filename

    described = root.findall("{*}Image/{*}Pixels")
    if not any(is_of_another(data) for pixels in described for data in _data_of(pixels)):
        return description
    is_known = False
    for pixels in described:
        for data in _data_of(pixels):
            if is_of_another(data):
                pixels.remove(data)
        if not _data_of(pixels):
            continue
        try:
            _shrink(pixels, n_pages)
        except (KeyError, ValueError):
            return None
        is_known = True
    return ElementTree.tostring(root, encoding="unicode") if is_known else None


def _data_of(pixels):
    return pixels.findall("{*}TiffData")


def _shrink(pixels, n_pages):
    """Make the described axes as long as the planes that are left need.

    Raises
    ------
    ValueError
        If these make up no array.
    """
    axes = pixels.attrib["DimensionOrder"][2:]
    channel = pixels.find("{*}Channel")
    n_samples = 1 if channel is None else int(channel.get("SamplesPerPixel", 1))
    step = {axis: n_samples if axis == "C" else 1 for axis in axes}
    shape = [int(pixels.attrib[f"Size{axis}"]) // step[axis] for axis in axes]
    places: list[int] = []
    pages: list[int] = []
    for data in _data_of(pixels):
        # The same defaults as tifffile has.
        count = int(data.get("PlaneCount", data.get("NumPlanes", "IFD" in data.attrib))) or n_pages
        first = [int(data.get(f"First{axis}", 0)) for axis in axes]
        start = int(np.ravel_multi_index(first, shape, order="F"))
        places.extend(range(start, start + count))
        pages.extend(range(int(data.get("IFD", 0)), int(data.get("IFD", 0)) + count))
        pixels.remove(data)
    positions = np.array(np.unravel_index(places, shape, order="F"))
    positions -= positions.min(axis=1, keepdims=True)
    lengths = positions.max(axis=1) + 1
    if np.unique(positions, axis=1).shape[1] != lengths.prod():
        raise ValueError("the planes of this file are no array")
    for axis, length in zip(axes, lengths, strict=True):
        pixels.set(f"Size{axis}", str(length * step[axis]))
    # Namespaces are known by the first part of the name of an element.
    tag = pixels.tag.removesuffix("Pixels") + "TiffData"
    for position, page in zip(positions.T, pages, strict=True):
        at = {f"First{axis}": str(place) for axis, place in zip(axes, position, strict=True)}
        ElementTree.SubElement(pixels, tag, at | {"IFD": str(page), "PlaneCount": "1"})
