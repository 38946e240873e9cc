"""Letters in the fonts that are installed, as images."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_FOLDER = Path("/usr/share/fonts")
_SIDE = 64


def draw_letters(letters, n_fonts):
    """Return grey images, one a letter and font, and which letters they are.

    The fonts are drawn at random, always the same of those that are installed.
    """
    files = [file for file in sorted(_FOLDER.rglob("*")) if file.suffix in (".ttf", ".otf")]
    images, classes = [], []
    for i in np.random.RandomState(0).permutation(len(files)):
        drawn = _draw(files[i], letters)
        # Fonts of symbols say that they have letters, and draw nothing or one thing for all.
        if len({image.tobytes() for image in drawn}) == len(letters):
            images += drawn
            classes += letters
        if len(classes) == n_fonts * len(letters):
            return np.stack(images), np.array(classes)
    raise SystemExit(f"{n_fonts} fonts are needed: apt-get install some fonts-* packages")


def draw_characters(n_characters):
    """Return the first of the common Chinese characters in all fonts that have all of them."""
    places = (divmod(number, 94) for number in range(n_characters))
    characters = [bytes([0xB0 + row, 0xA1 + cell]).decode("gb2312") for row, cell in places]
    images, classes = [], []
    for file in sorted(_FOLDER.rglob("*")):
        if file.suffix in (".ttf", ".otf", ".ttc"):
            drawn = _draw(file, characters)
            images += drawn
            classes += characters[: len(drawn)]
    return np.stack(images), np.array(classes)


def _draw(file, letters):
    from fontTools.ttLib import TTFont

    cmap = TTFont(file, fontNumber=0, lazy=True).getBestCmap() or {}
    if not all(ord(letter) in cmap for letter in letters):
        return []
    images = []
    for letter in letters:
        image = Image.new("L", (_SIDE, _SIDE), 255)
        try:
            font = ImageFont.truetype(file, _SIDE // 2)
            ImageDraw.Draw(image).text((_SIDE / 2, _SIDE / 2), letter, 0, font, anchor="mm")
        except OSError:
            # A few fonts are broken.
            return []
        images.append(np.asarray(image))
    return images
