"""What is remembered of the images of a fit: where they are, or small copies of a few."""

from __future__ import annotations

from collections import Counter
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
        """Refuse images that are known already, and those of which it could not be told.

        Raises
        ------
        ValueError
            If the images are files and the new ones are not, or a file is known, in whatever
            spelling, or given twice; of images in memory, only the user knows.
        """
        if self.paths is None:
            return
        if source is None or source.paths is None:
            raise ValueError(
                "The clusterer knows its images by their paths: pass the paths of the new ones."
            )
        known = set(_places_of(as_image_source(self.paths)))
        # Missing paths have no place.
        places = [place for place in _places_of(source) if place]
        again = [place for place in places if place in known]
        if again:
            raise ValueError(
                f"{len(again)} of the {len(source)} images have clusters already, such as "
                f"{again[0]!r}. Pass only those that are new."
            )
        twice = [place for place, n_given in Counter(places).items() if n_given > 1]
        if twice:
            raise ValueError(
                f"{len(twice)} of the images are given more than once, such as {twice[0]!r}. Pass "
                "each once."
            )

    def with_images(
        self,
        source: ImageSource | None,
        n_before: int,
        kept: Callable[[], Sequence[np.ndarray]],
    ) -> ImageRecord:
        """Take note of more images, which ``check_new`` does not refuse.

        Parameters
        ----------
        source : ImageSource or None
        n_before : int
            How many there are already.
        kept : callable
            As of :meth:`of`; positions among all images.
        """
        if self.paths is not None and source is not None and source.paths is not None:
            return ImageRecord.of(as_image_source([*self.paths, *source.paths], self.reader), kept)
        # Only the user has all of them.
        thumbnails = dict(self.thumbnails)
        if source is not None:
            new = [positions[positions >= n_before] - n_before for positions in kept()]
            files = encoded_thumbnails(source, new)
            thumbnails.update({n_before + index: file for index, file in files.items()})
        return ImageRecord(None, None, thumbnails, self.reader)

    def is_of(self, source: ImageSource) -> bool:
        """Whether these are the images; of features, only the user knows what they are of."""
        return self.fingerprint is None or self.fingerprint == source.fingerprint()

    def order_of(self, source: ImageSource) -> np.ndarray | slice | None:
        """Find the images of a source among these, whatever their order if they are files.

        Returns
        -------
        positions : ndarray of int64, slice or None
            Of each image of the source among these; None if they are not the same images.
        """
        if self.is_of(source):
            return slice(None)
        if self.paths is None or source.paths is None or len(self.paths) != len(source):
            return None
        position_of = {place: i for i, place in enumerate(_places_of(as_image_source(self.paths)))}
        positions = [position_of.get(place, -1) for place in _places_of(source)]
        # Each one once.
        same = sorted(positions) == list(range(len(positions)))
        return np.array(positions, dtype=np.int64) if same else None

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


def _places_of(source):
    """Absolute paths of images that are files, by which two spellings are one."""
    return [source.full_name(index) for index in range(len(source))]


def encoded_thumbnails(source, kept):
    """Small files of the images at these positions; without those that cannot be read."""
    indices = np.concatenate([*kept])
    thumbnails = read_thumbnails(source, indices, THUMBNAIL_SIDE, on_error="skip")
    return {index: encode_thumbnail(pixels) for index, pixels in thumbnails.items()}
