"""Recall of captions by images, and of images by captions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...metrics import median_rank, recall_at_k

if TYPE_CHECKING:
    import pandas as pd

_CUTOFFS = (1, 5, 10)


def recall_table(
    similarities: np.ndarray, owners: np.ndarray, identities: np.ndarray
) -> pd.DataFrame:
    """Measure both directions.

    Parameters
    ----------
    similarities : ndarray of shape (n_images, n_captions)
    owners : ndarray of shape (n_captions,), int64
        Image of each caption.
    identities : ndarray of shape (n_images,), int64
        The same number for images that are equal.

    Returns
    -------
    table : DataFrame
        Rows "image to text" and "text to image", columns "R@1", "R@5", "R@10", "median rank".
    """
    import pandas as pd

    relevant = identities[:, None] == identities[owners]
    rows = {
        "image to text": (relevant, similarities),
        "text to image": (relevant.T, similarities.T),
    }
    return pd.DataFrame(
        {
            name: {
                **{f"R@{k}": recall_at_k(*sides, k=k) for k in _CUTOFFS},
                "median rank": median_rank(*sides),
            }
            for name, sides in rows.items()
        }
    ).T


def mean_recall(table: pd.DataFrame) -> float:
    """Mean over both directions and the first 1, 5 and 10."""
    return float(table[[f"R@{k}" for k in _CUTOFFS]].to_numpy().mean())
