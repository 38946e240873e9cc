"""Copies among images: alike to a network, and the same by their hashes."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np

from ..embedding import ImageEmbedder
from ..features import rows_of_images, without_gaps
from ..images import ImagesLike, as_image_source
from ._comparison import N_NEIGHBORS, Comparison
from ._hashes import check_imagehash, hash_images

_BACKBONE = "efficientnet_lite0"
_IMAGE_SIZE = 128
# Copies of an image that was written anew are up to so many times as sharp.
_AS_SHARP = 1.08


class Duplicates(NamedTuple):
    """Copies among images.

    Parameters
    ----------
    groups : ndarray of shape (n_samples,), int64
        The same number for copies of one image, and one of its own for an image without copies;
        numbered from 0, in the order in which they first come.
    is_kept : ndarray of shape (n_samples,), bool
        One image of each group is worth keeping.
    """

    groups: np.ndarray
    is_kept: np.ndarray


def find_duplicates(
    X: ImagesLike,
    *,
    mirrored: bool = False,
    reader: Any = None,
    memory: Any = None,
    device: Any = "auto",
    n_jobs: int | None = None,
    on_error: Literal["raise", "skip"] = "raise",
    verbose: int = 0,
) -> Duplicates:
    """Find copies of images: resized, recompressed, cropped by up to a fifth of the sides.

    Candidates are the ten nearest images of each, in the features of "efficientnet_lite0" and by
    their perceptual hashes. They are copies if the hashes, or those of one and of a part of the
    other, are nearly the same, the features alike and the mean colours near. Each group has one
    image worth keeping: the largest, of those the sharpest, of those that are about as sharp the
    first. All others are copies of that one: groups do not grow along chains of small differences.

    Parameters
    ----------
    X : images
    mirrored : bool, default=False
        Whether mirror images are copies, too.
    reader : ImageReader or callable, default=None
        How images are read.
    memory : path or joblib.Memory, default=None
        Folder in which features are kept.
    device : str, default="auto"
        A torch device.
    n_jobs : int, default=None
        Threads that decode images; None is as many as there are processors.
    on_error : {"raise", "skip"}, default="raise"
        With "skip" an image that cannot be read has no copies, and one warning lists them.
    verbose : int, default=0
        Above 0, progress bars are shown.

    Returns
    -------
    duplicates : Duplicates
        ``groups``, for the parameter ``groups`` of scikit-learn's splitters: no copy of an image
        of the training part is in the test part. ``is_kept``, the one worth keeping of each group.

    Raises
    ------
    ImportError
        If imagehash is not installed.
    ValueError
        If ``X`` is features.

    Examples
    --------
    >>> import numpy as np
    >>> from skimage import data
    >>> from skdeepcluster import find_duplicates
    >>> images = [data.chelsea(), data.coffee(), data.chelsea()[20:, 30:], data.coffee()[::2, ::2]]
    >>> groups, is_kept = find_duplicates(images)
    >>> groups
    array([0, 1, 0, 1])
    >>> is_kept
    array([ True,  True, False, False])
    """
    check_imagehash()
    embedder = ImageEmbedder(
        _BACKBONE,
        image_size=_IMAGE_SIZE,
        reader=reader,
        memory=memory,
        device=device,
        n_jobs=n_jobs,
        on_error=on_error,
        verbose=verbose,
    ).set_output(transform="default")
    features = embedder.fit_transform(X)
    source = as_image_source(X, embedder.reader_)
    if source is None:
        raise ValueError("X must be images, by whose pixels copies are verified, not features.")
    is_read = rows_of_images(features)
    groups = np.arange(len(source))
    if is_read.any():
        rows = np.flatnonzero(is_read)
        hashes = hash_images(source, rows, n_jobs, verbose)
        groups[rows] = rows[_stars(Comparison(without_gaps(features, is_read), hashes, mirrored))]
    return Duplicates(_numbered(groups), groups == np.arange(len(source)))


def _stars(comparison):
    """Which image each is a copy of, or itself: the one worth keeping of its copies.

    That is the largest; of those the first that is about as sharp as the sharpest, so that an
    image that was compressed, and with it blurred, is not kept, and one that was merely written
    once more, which may sharpen it a little, is no reason to give up the first.

    Parameters
    ----------
    comparison : Comparison

    Returns
    -------
    centers : ndarray of shape (n_images,), int64
    """
    n_pixels, sharpness = comparison.hashes.n_pixels, comparison.hashes.sharpness
    centers = np.full(len(n_pixels), -1)
    copies_of = _Copies(comparison, centers)
    for image in np.argsort(-n_pixels, kind="stable"):
        if centers[image] >= 0:
            continue
        copies = copies_of(image)
        rivals = copies[n_pixels[copies] == n_pixels[image]]
        is_sharp = _AS_SHARP * (sharpness[rivals] + 1) >= sharpness[rivals].max() + 1
        best = rivals[is_sharp.argmax()]
        centers[copies if best == image else copies_of(best)] = best
    return centers


class _Copies:
    """Copies of an image that are not yet copies of another one."""

    def __init__(self, comparison, centers):
        self._comparison = comparison
        self._centers = centers
        pairs = comparison.candidates()
        self._linked: list[list[int]] = [[] for _ in centers]
        for one, other in pairs[comparison.are_copies(pairs)].tolist():
            self._linked[one].append(other)
            self._linked[other].append(one)

    def __call__(self, image):
        """Return the image and its copies, in order."""
        others = np.array(self._linked[image], dtype=np.int64)
        if len(others) >= N_NEIGHBORS:
            # As many as its neighbours: it may have more of them.
            others = np.flatnonzero(self._centers < 0)
            pairs = np.column_stack([np.full_like(others, image), others])
            others = others[self._comparison.are_copies(pairs)]
        free = others[self._centers[others] < 0]
        return np.union1d(free, image)


def _numbered(groups):
    """Give groups numbers from 0, in the order in which they first come."""
    _, firsts, kinds = np.unique(groups, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(firsts))[kinds]
