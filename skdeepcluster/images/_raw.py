"""Images as their files hold them, before frames, channels and intensities are chosen."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
from PIL import Image

from ._errors import ImageReadError, is_of_machine
from ._missing import mask_missing
from ._opacity import full_opacity

_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ARRAY_TURNS: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    2: lambda values: values[:, ::-1],
    3: lambda values: values[::-1, ::-1],
    4: lambda values: values[::-1],
    5: lambda values: values.swapaxes(0, 1),
    6: lambda values: np.rot90(values, -1),
    7: lambda values: np.rot90(values.swapaxes(0, 1), 2),
    8: np.rot90,
}
_WITH_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")
# In a Multi-Picture file the other pictures are previews, depth maps or the other eye's view.
_ONE_IMAGE = ("MPO",)


class RawImage(ABC):
    """An image that may have several frames, any number of channels, and values of any type.

    Attributes
    ----------
    is_deep : bool
        Whether values have more than 8 bits.
    is_color : bool
        Whether the channels are red, green and blue, and perhaps alpha.
    has_alpha : bool
        Whether the last channel is opacity.
    full_opacity : float
        Its value where nothing shines through, if there is opacity.
    n_channels : int
        Including alpha.
    is_truncated : bool
        Whether the decoder keeps only the upper 8 bits of what the file holds.
    is_inverted : bool
        Whether low values are white. ``values`` returns them as the file holds them, so that a
        range in its units applies; ``rgb`` inverts them.
    """

    is_truncated = False
    is_inverted = False
    full_opacity: float | None = 255
    is_deep: bool
    is_color: bool
    has_alpha: bool
    n_channels: int
    _n_frames: int | None

    @property
    @abstractmethod
    def n_frames(self) -> int:
        """Number of frames: pages, slices or times."""

    def first_frame(self):
        """Return an image that has only the first frame."""
        first = copy.copy(self)
        first._n_frames = 1
        return first

    @abstractmethod
    def rgb(self, frame: int) -> Image.Image:
        """Return a frame whose values have 8 bits as an RGB Pillow image."""

    @abstractmethod
    def values(self, frame: int) -> np.ndarray:
        """Return the values of a frame, of shape (height, width, n_channels).

        It is a masked array if some are missing.
        """


class PillowImage(RawImage):
    """An image that Pillow decodes when it is asked for pixels.

    Parameters
    ----------
    image : PIL.Image.Image
    n_frames : int, default=None
        None asks Pillow.
    is_inverted : bool, default=False
        Pillow itself inverts 8-bit values, and no others.
    is_truncated : bool, default=False
    missing : float, default=None
        Value that stands for none, in an image of more than 8 bits.
    """

    def __init__(
        self, image, n_frames=None, *, is_inverted=False, is_truncated=False, missing=None
    ):
        self._image = image
        self._missing = missing
        self._n_frames = n_frames
        self.is_inverted = is_inverted
        self.is_truncated = is_truncated
        self.is_deep = image.mode.startswith("I") or image.mode == "F"
        self.is_color = not self.is_deep and image.mode not in ("1", "L", "LA", "La")
        self.has_alpha = image.mode in ("LA", "La", "RGBA", "RGBa")
        self.n_channels = (3 if self.is_color else 1) + self.has_alpha

    @property
    def n_frames(self):
        """Number of frames; 1 where Pillow cannot count them."""
        if self._n_frames is None:
            self._n_frames = 1
            if self._image.format not in _ONE_IMAGE:
                try:
                    self._n_frames = getattr(self._image, "n_frames", 1)
                except Exception as error:
                    if is_of_machine(error):
                        raise
        return self._n_frames

    def _decoded(self, frame):
        if frame:
            self._image.seek(frame)
        return upright(self._image)

    def rgb(self, frame):
        """Apply the EXIF orientation and convert to RGB."""
        return to_rgb(self._decoded(frame))

    def values(self, frame):
        """Return the channels; palettes, CMYK and the like as RGB."""
        image = self._decoded(frame)
        if self.is_deep:
            return mask_missing(np.asarray(image)[:, :, None], self._missing)
        if image.mode in ("1", "L"):
            values = np.asarray(image.convert("L"))[:, :, None]
            return 255 - values if self.is_inverted else values
        if image.mode not in ("LA", "RGB", "RGBA"):
            image = image.convert({"La": "LA", "RGBa": "RGBA"}.get(image.mode, "RGB"))
        return np.asarray(image)


class ArrayImage(RawImage):
    """An image whose values are arrays.

    Parameters
    ----------
    read : callable
        ``read(frame)`` returns an array of shape (height, width, n_channels).
    dtype : dtype
    n_channels : int
    n_frames : int, default=1
    is_color : bool, default=False
    full_opacity : float, default=None
        None if the last channel is no opacity.
    orientation : int, default=1
        That of TIFF and EXIF.
    is_inverted : bool, default=False
        Of grey images.
    missing : float, default=None
        Value that stands for none, in an image of more than 8 bits.
    """

    def __init__(
        self,
        read,
        dtype,
        n_channels,
        *,
        n_frames=1,
        is_color=False,
        full_opacity=None,
        orientation=1,
        is_inverted=False,
        missing=None,
    ):
        self._read = read
        self._missing = missing
        self._n_frames = n_frames
        self._turn = _ARRAY_TURNS.get(orientation, lambda values: values)
        self.is_deep = np.dtype(dtype) not in (np.uint8, np.bool_)
        self.is_color = is_color
        self.full_opacity = full_opacity
        self.has_alpha = full_opacity is not None
        self.n_channels = n_channels
        self.is_inverted = is_inverted

    @classmethod
    def of(cls, pixels, name, *, any_channels=False):
        """Take pixels of shape (H, W) or (H, W, C), with C of 1, 3 or 4 if not ``any_channels``.

        Four channels of 8 bits are red, green, blue and opacity, as in ordinary image code; with
        ``any_channels`` or more bits, if the last one has values as opacity has.
        """
        n_channels = pixels.shape[2] if pixels.ndim == 3 else 1
        is_first = pixels.ndim == 3 and n_channels not in (1, 3, 4) and len(pixels) in (1, 3, 4)
        if (
            pixels.ndim not in (2, 3)
            or (any_channels and is_first)
            or not (any_channels or n_channels in (1, 3, 4))
        ):
            raise ImageReadError(f"{name}: its array has the shape {pixels.shape}. {_cure(pixels)}")
        if pixels.size == 0:
            raise ImageReadError(
                f"{name}: its array is empty (shape {pixels.shape}). Leave it out."
            )
        if pixels.dtype.kind not in "buif":
            raise ImageReadError(
                f"{name}: pixels of type {pixels.dtype}. Use uint8, uint16 or floating-point "
                "numbers."
            )
        # Such as ">u2", as many libraries read from big-endian files.
        pixels = pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
        pixels = pixels.reshape(*pixels.shape[:2], n_channels)
        opaque = None
        if n_channels == 4:
            of_type = {"uint8": 255, "bool": 1}.get(pixels.dtype.name)
            opaque = full_opacity(pixels) if any_channels or of_type is None else of_type
        return cls(
            lambda frame: pixels,
            pixels.dtype,
            n_channels,
            is_color=n_channels == 3 or opaque is not None,
            full_opacity=opaque,
        )

    @property
    def n_frames(self):
        """Number of frames."""
        return self._n_frames

    def values(self, frame):
        """Return the values, upright."""
        values = self._turn(self._read(frame))
        return mask_missing(values, self._missing) if self.is_deep else values

    def rgb(self, frame):
        """Convert to RGB; of channels that are no colours the first three are."""
        values = self.values(frame)
        if np.ma.is_masked(values):
            missing, values = values.mask, values.data.copy()
            missing[:, :, self.n_channels - self.has_alpha :] = False
            values[missing] = 0
        values = np.ma.getdata(values)
        if values.dtype == np.bool_:
            values = values.astype(np.uint8) * 255
        if self.is_inverted:
            n_inverted = self.n_channels - self.has_alpha
            values = np.concatenate([255 - values[:, :, :n_inverted], values[:, :, n_inverted:]], 2)
        if self.has_alpha and self.n_channels == 2:
            return to_rgb(Image.fromarray(np.ascontiguousarray(values), "LA"))
        return to_rgb(as_pillow(values if self.is_color else values[:, :, :3]))


def _cure(pixels):
    if pixels.ndim == 3 and pixels.shape[0] in (1, 3, 4):
        return "Channels come last: use pixels.transpose(1, 2, 0)."
    if pixels.ndim == 3:
        return "Which of the channels to use is chosen by reader=ImageReader(channels=...)."
    return "An image is an array of shape (height, width) or (height, width, channels)."


def as_pillow(values):
    """Make a Pillow image of uint8 values with 1 to 4 channels; of two, the third is 0."""
    if values.shape[2] == 1:
        values = values[:, :, 0]
    elif values.shape[2] == 2:
        values = np.concatenate([values, np.zeros_like(values[:, :, :1])], axis=2)
    return Image.fromarray(np.ascontiguousarray(values))


def upright(image):
    """Decode a Pillow image and apply the EXIF orientation."""
    _load(image)
    turn = _TURNS.get(orientation_of(image))
    return image if turn is None else image.transpose(turn)


def _load(image):
    # Pillow 13 maps uncompressed TIFF files into memory by the size that they have when turned,
    # which makes noise of them. It maps no files without a name.
    name = getattr(image, "filename", None)
    if image.format != "TIFF" or not name:
        image.load()
        return
    image.filename = ""
    try:
        image.load()
    finally:
        image.filename = name


def to_rgb(image):
    """Convert a Pillow image with 8 bits a channel to RGB; transparent parts become white."""
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode in _WITH_ALPHA or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def orientation_of(image):
    """Return the EXIF orientation of a Pillow image, or None."""
    try:
        return image.getexif().get(_ORIENTATION)
    except Exception as error:
        if is_of_machine(error):
            raise
        # The pixels are usable without the tags.
        return None
