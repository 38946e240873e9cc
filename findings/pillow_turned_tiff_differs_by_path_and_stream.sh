#!/usr/bin/env bash
# Pillow 13.0.0, files by tifffile 2026.3.3, NumPy 2.4.6.
#
# Expected: a TIFF file with the tag Orientation 5 to 8 (turned by a quarter, as from scanners) is
# the same image whether Pillow is given its path or an open file.
# Seen: if the file is not compressed, only the open file gives the image, turned upright. By path,
# the array has the shape of the stored image, not of Image.size, and pixels that are neither the
# stored nor the turned ones: rows of the wrong length. There is no warning. Orientations 1 to 4,
# and compressed files, are the same by both ways.
# Workaround: Image.open(open(path, "rb")).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    pillow==13.0.0 tifffile==2026.3.3 numpy==2.4.6

cd "$work"
venv/bin/python - <<'PYTHON'
import numpy as np
import tifffile
from PIL import Image

y, x = np.mgrid[:64, :96]
stored = ((2 * x + y) % 256).astype(np.uint8)
upright = {
    1: stored,
    3: stored[::-1, ::-1],
    5: stored.T,
    6: np.rot90(stored, -1),
    7: np.rot90(stored.T, 2),
    8: np.rot90(stored),
}
for orientation, expected in upright.items():
    for compression in (None, "zlib"):
        tags = [(274, "H", 1, orientation, True)]
        tifffile.imwrite("image.tif", stored, extratags=tags, compression=compression)
        by_path = np.asarray(Image.open("image.tif"))
        with open("image.tif", "rb") as file:
            by_stream = np.asarray(Image.open(file))
        right = [np.array_equal(found, expected) for found in (by_path, by_stream)]
        print(f"orientation {orientation}, compression {compression}: by path", end=" ")
        print(f"{by_path.shape} {right[0]}, by stream {by_stream.shape} {right[1]}")
        if orientation < 5 or compression:
            assert np.array_equal(by_path, by_stream)
        else:
            assert right == [False, True]
            assert by_path.shape == stored.shape and not np.array_equal(by_path, stored)
PYTHON
