"""A random sample of the samples, which stands for all where a method cannot take them all."""

import numpy as np
from sklearn.utils import gen_batches

from ..features import stored_rows, unit_rows
from ..neighbors import InvertedLists

# Above so many samples starts are found on a random sample of this size: cuts of a graph take
# longer than in proportion, and shares of clusters are known to a fraction of a percent.
N_LANDMARKS = 20_000
_N_VOTES = 5
# Samples whose landmarks are looked for together.
_BATCH_SIZE = 256


def draw_landmarks(n_samples, random_state, n_wanted=0):
    """Draw row numbers of landmarks, ascending; None if there are few enough samples.

    There are 20,000, or as many as are wanted if that is more.
    """
    if n_samples <= N_LANDMARKS:
        return None
    n_landmarks = min(max(N_LANDMARKS, n_wanted), n_samples)
    return np.sort(random_state.choice(n_samples, n_landmarks, replace=False))


def vote_of_landmarks(features, landmarks, partitions):
    """Label every sample like most of its five nearest landmarks, by cosine.

    Parameters
    ----------
    features : ndarray of shape (n_samples, n_features), float32 or float16
        May be memory-mapped.
    landmarks : ndarray of shape (n_landmarks,), int64
        Row numbers.
    partitions : ndarray of shape (n_partitions, n_landmarks), int
        Labels of the landmarks, any number of times.

    Returns
    -------
    partitions : ndarray of shape (n_partitions, n_samples), int32
    """
    lists = InvertedLists(stored_rows(features, landmarks))
    assigned = np.empty((len(partitions), len(features)), dtype=np.int32)
    for batch in gen_batches(len(features), _BATCH_SIZE):
        nearest = lists.search(unit_rows(features, batch), _N_VOTES)
        assigned[:, batch] = _most_common(partitions[:, nearest])
    return assigned


def _most_common(votes):
    """Most common value along the last axis; of those that tie, the first."""
    counts = (votes[..., :, None] == votes[..., None, :]).sum(axis=-1)
    return np.take_along_axis(votes, counts.argmax(axis=-1)[..., None], axis=-1)[..., 0]
