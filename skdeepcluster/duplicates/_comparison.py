"""Whether two images are copies of one another: by their features, hashes and mean colours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..features import unit_rows
from ..neighbors import nearest_neighbors
from ._hashes import ImageHashes

# Copies are among so many nearest images, by the network or by the hash.
N_NEIGHBORS = 10
# The limits of what is a copy have the highest F-score, precision counted more, on half of
# Caltech-101 and the steel defects (``benchmarks/copies.py --limits``). Copies are no less similar
# to the network (cosine).
_LEAST_COSINE = 0.4
# Bits of 144 in which the hash of a copy may differ: more of them where the network, too, sees the
# same image, as in one that was cropped.
_MOST_BITS = 22
_ALIKE, _MOST_BITS_IF_ALIKE = 0.7, 28
# Of 255, in each channel: hashes know no colours, and nothing of a blank image.
_MOST_OF_COLOR = 30
# Of each byte.
_N_BITS_SET = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(axis=1)
# Pairs that are compared together: 42 MB at 1280 features.
_CHUNK_SIZE = 4096


@dataclass(frozen=True, eq=False)
class Comparison:
    """Images that can be compared.

    Parameters
    ----------
    features : ndarray of shape (n_images, n_features), float32 or float16
    hashes : ImageHashes
        Of all images.
    mirrored : bool
        Whether mirror images are copies, too.
    """

    features: np.ndarray
    hashes: ImageHashes
    mirrored: bool

    def candidates(self) -> np.ndarray:
        """Pairs of images that may be copies, each once, int64 of shape (n_pairs, 2)."""
        n_images = len(self.features)
        if n_images < 2:
            return np.empty((0, 2), dtype=np.int64)
        # The more bits two hashes share, the higher the cosine of their signs.
        looks = np.concatenate([*self.looks.swapaxes(0, 1)])
        signs = 2 * np.unpackbits(looks, axis=1).astype(np.float32) - 1
        found = [
            nearest_neighbors(self.features, N_NEIGHBORS),
            nearest_neighbors(signs, N_NEIGHBORS)[:n_images] % n_images,
        ]
        pairs = np.concatenate(
            [
                np.column_stack([np.repeat(np.arange(n_images), each.shape[1]), each.ravel()])
                for each in found
            ]
        )
        pairs = np.unique(np.sort(pairs, axis=1), axis=0)
        return pairs[pairs[:, 0] < pairs[:, 1]]

    @property
    def looks(self) -> np.ndarray:
        """Hashes of the images and, if these count, their mirror images, (n_images, 1 or 2, n)."""
        return self.hashes.looks[:, : 1 + self.mirrored]

    def are_copies(self, pairs: np.ndarray) -> np.ndarray:
        """Compare pairs of images, int64 of shape (n_pairs, 2).

        Returns
        -------
        are_copies : ndarray of shape (n_pairs,), bool
        """
        cosines = self.cosines(pairs)
        are_copies = (cosines >= _LEAST_COSINE) & (self.color_distances(pairs) <= _MOST_OF_COLOR)
        cosines = cosines[are_copies]
        most_bits = np.where(cosines >= _ALIKE, _MOST_BITS_IF_ALIKE, _MOST_BITS)
        are_copies[are_copies] = self.n_bits_apart(pairs[are_copies]) <= most_bits
        return are_copies

    def cosines(self, pairs: np.ndarray) -> np.ndarray:
        """Cosine of the features of each pair, float32 of shape (n_pairs,)."""
        of_chunks = [
            np.einsum("nd,nd->n", *(unit_rows(self.features, rows) for rows in chunk.T))
            for chunk in _chunks(pairs)
        ]
        return np.concatenate(of_chunks)

    def color_distances(self, pairs: np.ndarray) -> np.ndarray:
        """Difference of the mean colours of each pair, the largest of the channels, of 255."""
        color = self.hashes.color
        return np.abs(color[pairs[:, 0]] - color[pairs[:, 1]]).max(axis=1)

    def n_bits_apart(self, pairs: np.ndarray) -> np.ndarray:
        """Bits in which one image of each pair differs from the other, or a part of it.

        Returns
        -------
        bits : ndarray of shape (n_pairs,), int64
            The fewest of all comparisons.
        """
        return np.concatenate([self._bits(*chunk.T) for chunk in _chunks(pairs)])

    def _bits(self, one, other):
        looks, parts = self.looks, self.hashes.parts
        return np.minimum(
            _fewest_bits(looks[one], parts[other]), _fewest_bits(looks[other], parts[one])
        )


def _chunks(pairs):
    return np.array_split(pairs, len(pairs) // _CHUNK_SIZE + 1)


def _fewest_bits(looks, parts):
    bits = [
        _N_BITS_SET[look[:, None] ^ parts].sum(axis=2).min(axis=1) for look in looks.swapaxes(0, 1)
    ]
    return np.min(bits, axis=0)
