#!/usr/bin/env bash
# Pillow 13.0.0, files by astropy 8.0.2, NumPy 2.4.6.
#
# Expected: of an astronomical image in FITS, Pillow, which lists the format as readable, gives the
# values that astropy has written and reads again, or an error.
# Seen: unsigned 16-bit values, which FITS stores as signed ones with an offset (BZERO = 32768), come
# without the offset taken into account: 0 is 32768. Of a tile-compressed image, as archives
# distribute them, the "pixels" are the bytes of the table that describes the tiles: 8 columns for
# 96. Neither gives a warning. (Signed values are right, with the first row at the bottom.)
# Workaround: astropy.io.fits.getdata.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    pillow==13.0.0 astropy==8.0.2 numpy==2.4.6

cd "$work"
venv/bin/python - <<'PYTHON'
import numpy as np
from astropy.io import fits
from PIL import Image

y, x = np.mgrid[:64, :96]
image = (300 * x + 5 * y).astype(np.uint16)
fits.PrimaryHDU(image).writeto("unsigned.fits")
fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(image)]).writeto("tiles.fits")
fits.PrimaryHDU(x.astype(np.int16)).writeto("signed.fits")
for name in ("unsigned.fits", "tiles.fits"):
    data = fits.getdata(name)
    assert np.array_equal(data, image)
    pixels = np.asarray(Image.open(name))
    print(f"{name}: {data.shape}, {data.min()} to {data.max()}; by Pillow ", end="")
    print(f"{pixels.shape} {pixels.dtype}, {pixels.min()} to {pixels.max()}")
unsigned = np.asarray(Image.open("unsigned.fits"))[::-1].astype(int)
# Stored with the highest bit flipped, and read as unsigned.
assert np.array_equal(unsigned, image.astype(int) + 32768)
assert np.asarray(Image.open("tiles.fits")).shape == (64, 8)
assert np.array_equal(np.asarray(Image.open("signed.fits"))[::-1], x)
PYTHON
