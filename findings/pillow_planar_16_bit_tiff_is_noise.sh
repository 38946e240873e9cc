#!/usr/bin/env bash
# Pillow 13.0.0, files by tifffile 2026.3.3, NumPy 2.4.6.
#
# Expected: a 16-bit RGB TIFF in planes, as tifffile, scikit-image and imageio write an array of
# shape (3, H, W), is read as the same file with interleaved channels is: the upper 8 bits of each
# value, or an error.
# Seen: without compression each plane is read as if it had 8 bits. The image has the right size and
# mode "RGB", no warning is given, and its pixels are noise: low and high bytes in turn. The same
# planes compressed by zlib, and interleaved channels, are right.
# Workaround: read such files with tifffile.
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
planes = np.stack([300 * x, 500 * y, 200 * (x + y)]).astype(np.uint16)
channels_last = planes.transpose(1, 2, 0)
expected = (channels_last >> 8).astype(int)
in_planes = {"photometric": "rgb", "planarconfig": "separate"}
tifffile.imwrite("planes.tif", planes, **in_planes)
tifffile.imwrite("planes-zlib.tif", planes, compression="zlib", **in_planes)
tifffile.imwrite("interleaved.tif", channels_last, photometric="rgb")
errors = {}
for name in ("planes.tif", "planes-zlib.tif", "interleaved.tif"):
    assert (tifffile.imread(name).reshape(-1)[0]) == 0
    with Image.open(name) as image:
        pixels = np.asarray(image)
        assert image.mode == "RGB" and pixels.shape == (64, 96, 3)
    errors[name] = round(float(np.abs(pixels - expected).mean()), 1)
    print(f"{name}: off by {errors[name]} grey levels on average")
assert errors == {"planes.tif": 57.6, "planes-zlib.tif": 0, "interleaved.tif": 0}
PYTHON
