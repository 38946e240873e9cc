"""Copies among images: alike to a network, and the same by their hashes."""

from __future__ import annotations

import os
from typing import Any, Literal, NamedTuple

import numpy as np

from ..embedding import ImageEmbedder
from ..features import rows_of_images, unit_rows, without_gaps
from ..images import ImagesLike, as_image_source
from ..neighbors import nearest_neighbors
from ._hashes import ImageHashes, check_imagehash, hashes_of, n_bits_apart

# Copies are among the nearest images of this network, and no less similar (cosine).
_BACKBONE = "efficientnet_lite0"
_IMAGE_SIZE = 128
_N_NEIGHBORS = 10
_LEAST_COSINE = 0.65
# Bits of 144 in which the hash of a copy may differ: more of them where the network, too, sees the
# same image, as in one that was cropped.
_MOST_BITS = 16
_ALIKE, _MOST_BITS_IF_ALIKE = 0.77, 26


class Duplicates(NamedTuple):
    """Copies among images.

    ``groups`` is int64 of shape (n_samples,): the same number for copies of one image, numbered
    from 0 as they come, and one of its own for an image without copies. ``is_kept`` is bool of
    shape (n_samples,): one image of each group is worth keeping.
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

    Candidates are the ten nearest images of each in the features of "efficientnet_lite0"; they
    are copies if their perceptual hashes, or those of one and of a part of the other, are nearly
    the same. Each group has one image worth keeping: the largest, of those the one with the
    largest file, of those the sharpest. All others are copies of that one: groups do not grow
    along chains of small differences.

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
    pairs, cosines = _candidates(without_gaps(features, is_read))
    pairs = np.flatnonzero(is_read)[pairs]
    involved, places = np.unique(pairs, return_inverse=True)
    hashes = _hash_images(source, involved, n_jobs, verbose)
    groups = np.arange(len(source))
    if len(pairs):
        places = places.reshape(pairs.shape)
        looks, parts = (np.stack([getattr(h, name) for h in hashes]) for name in ("looks", "parts"))
        allowed = np.where(cosines >= _ALIKE, _MOST_BITS_IF_ALIKE, _MOST_BITS)
        links = places[n_bits_apart(looks, parts, places, mirrored) <= allowed]
        worth = [_worth(source, *pair) for pair in zip(involved, hashes, strict=True)]
        groups[involved] = involved[_stars(links, worth)]
    is_kept = groups == np.arange(len(source))
    return Duplicates(_numbered(groups), is_kept)


def _candidates(features):
    """Pairs of images that may be copies, each once, int64 of shape (n_pairs, 2); their cosines."""
    if len(features) < 2:
        return np.empty((0, 2), dtype=np.int64), np.empty(0)
    neighbors = nearest_neighbors(features, _N_NEIGHBORS)
    ones, others = np.repeat(np.arange(len(neighbors)), neighbors.shape[1]), neighbors.ravel()
    pairs = np.unique(np.sort(np.column_stack([ones, others])[others >= 0], axis=1), axis=0)
    of_chunks = [
        np.einsum("nd,nd->n", unit_rows(features, rows[:, 0]), unit_rows(features, rows[:, 1]))
        for rows in np.array_split(pairs, len(pairs) // 4096 + 1)
    ]
    cosines = np.concatenate(of_chunks)
    return pairs[cosines >= _LEAST_COSINE], cosines[cosines >= _LEAST_COSINE]


def _hash_images(source, indices, n_jobs, verbose) -> list[ImageHashes]:
    from joblib import Parallel, delayed
    from tqdm.auto import tqdm

    read = (delayed(lambda index: hashes_of(source.read(index)))(int(index)) for index in indices)
    hashed = Parallel(n_jobs=n_jobs or -1, prefer="threads", return_as="generator")(read)
    bar = tqdm(hashed, desc="hashing", total=len(indices), unit="image", disable=not verbose)
    return list(bar)


def _worth(source, index, hashes):
    """Compare copies by size; of the same size, one compressed less has the larger file."""
    n_bytes = os.path.getsize(source.paths[index]) if source.paths is not None else 0
    return hashes.n_pixels, n_bytes, hashes.sharpness


def _stars(links, worth):
    """Which image each is a copy of, or itself: the one worth keeping of those it is linked to.

    Parameters
    ----------
    links : ndarray of shape (n_links, 2), int64
    worth : list of tuple of float
        Of each image, the higher the better.

    Returns
    -------
    centers : ndarray of shape (n_images,), int64
    """
    neighbors: list[list[int]] = [[] for _ in worth]
    for one, other in links.tolist():
        neighbors[one].append(other)
        neighbors[other].append(one)
    # Stable: of images as good as one another, the first.
    best_first = sorted(range(len(worth)), key=lambda image: worth[image], reverse=True)
    centers = np.full(len(worth), -1)
    for image in best_first:
        if centers[image] < 0:
            copies = [image, *(other for other in neighbors[image] if centers[other] < 0)]
            centers[copies] = image
    return centers


def _numbered(groups):
    """Give groups numbers from 0, in the order in which they first come."""
    _, firsts, kinds = np.unique(groups, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(firsts))[kinds]
