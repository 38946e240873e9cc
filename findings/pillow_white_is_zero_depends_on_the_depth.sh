#!/usr/bin/env bash
# Pillow 13.0.0, files by tifffile 2026.3.3, NumPy 2.4.6.
#
# Expected: grey TIFF files with PhotometricInterpretation 0 (WhiteIsZero: 0 is white, as from many
# scanners and gel imagers) are handed over either inverted, so that 0 is black, or as stored,
# whatever their depth is.
# Seen: 8-bit values are inverted, 16-bit and floating-point ones are not, without a warning. A set
# that has both depths is half negatives.
# Workaround: look at tag 262 and invert those of more than 8 bits.
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

ramp = np.tile(np.arange(96), (64, 1))
images = {
    "uint8": (ramp.astype(np.uint8), lambda values: 255 - values),
    "uint16": ((300 * ramp).astype(np.uint16), lambda values: 65535 - values),
    "float32": ((ramp / 96).astype(np.float32), lambda values: 1 - values),
}
found = {}
for name, (values, inverted) in images.items():
    tifffile.imwrite("image.tif", values, photometric="miniswhite")
    with Image.open("image.tif") as image:
        assert image.tag_v2[262] == 0
        pixels = np.asarray(image)
    kinds = {"inverted": inverted(values), "as stored": values}
    (found[name],) = [kind for kind, expected in kinds.items() if np.array_equal(pixels, expected)]
    print(f"{name}: {found[name]}")
assert found == {"uint8": "inverted", "uint16": "as stored", "float32": "as stored"}
PYTHON
