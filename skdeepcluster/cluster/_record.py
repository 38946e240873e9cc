"""What is remembered of the images of a fit: where they are, or small copies of a few."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..images import (
    ImageReader,
    ImageSource,
    as_image_source,
    encode_thumbnail,
    read_thumbnails,
)

# Pixels a side.
THUMBNAIL_SIDE = 64


@dataclass(frozen=True)
class ImageRecord:
    """The images of a fit, or none if it was on features.

    Parameters
    ----------
    paths : list of str, default=None
        If the images are files.
    fingerprint : str, default=None
        By which the same images are known again.
    thumbnails : dict of int to bytes
        Small files of images that are not files themselves, by position in ``X``.
    reader : ImageReader, default=None
        How the images are read.
    """

    paths: list[str] | None = None
    fingerprint: str | None = None
    thumbnails: dict[int, bytes] = field(default_factory=dict)
    reader: ImageReader | None = None

    @classmethod
    def of(
        cls, source: ImageSource | None, kept: Callable[[], Sequence[np.ndarray]]
    ) -> ImageRecord:
        """Take note of images.

        Parameters
        ----------
        source : ImageSource or None
        kept : callable
            Returns the positions of those that a copy is kept of, as a sequence of ndarray of
            int. Called only where the images are no files.
        """
        if source is None:
            return cls()
        if source.paths is not None:
            return cls(list(source.paths), source.fingerprint(), reader=source.reader)
        thumbnails = encoded_thumbnails(source, kept())
        return cls(None, source.fingerprint(), thumbnails, source.reader)

    def check_new(self, source: ImageSource | None) -> None:
        """Refuse images that are known already.

        Raises
        ------
        ValueError
            If a file is; of images in memory, only the user knows.
        """
        if source is None or source.paths is None or self.paths is None:
            return
        known = set(self.paths)
        again = [path for path in source.paths if path in known]
        if again:
            raise ValueError(
                f"{len(again)} of the {len(source)} images have clusters already, such as "
                f"{str(again[0])!r}. Pass only those that are new."
            )

    def with_images(
        self,
        source: ImageSource | None,
        n_before: int,
        kept: Callable[[], Sequence[np.ndarray]],
    ) -> ImageRecord:
        """Take note of more images.

        Parameters
        ----------
        source : ImageSource or None
        n_before : int
            How many there are already.
        kept : callable
            As of :meth:`of`; positions among all images.
        """
        if source is None:
            return ImageRecord(reader=self.reader)
        if self.paths is not None and source.paths is not None:
            return ImageRecord.of(as_image_source([*self.paths, *source.paths], self.reader), kept)
        new = [positions[positions >= n_before] - n_before for positions in kept()]
        files = {n_before + index: file for index, file in encoded_thumbnails(source, new).items()}
        # Only the user has all of them.
        return ImageRecord(None, None, {**self.thumbnails, **files}, self.reader)

    def is_of(self, source: ImageSource) -> bool:
        """Whether these are the images; of features, only the user knows what they are of."""
        return self.fingerprint is None or self.fingerprint == source.fingerprint()

    def name(self, index: int) -> str:
        """Return what an image is called: its path, or its position."""
        return self.paths[index] if self.paths else f"image {index}"

    def thumbnails_of(self, kept: Sequence[np.ndarray]) -> dict[int, bytes]:
        """Find small files of images, by position; without those that are not at hand.

        Parameters
        ----------
        kept : sequence of ndarray of int
            Positions of the images.
        """
        if self.paths:
            return encoded_thumbnails(as_image_source(self.paths, self.reader), kept)
        return self.thumbnails


def encoded_thumbnails(source, kept):
    """Small files of the images at these positions; without those that cannot be read."""
    indices = np.concatenate([*kept])
    thumbnails = read_thumbnails(source, indices, THUMBNAIL_SIDE, on_error="skip")
    return {index: encode_thumbnail(pixels) for index, pixels in thumbnails.items()}
