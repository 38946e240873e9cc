"""Somebody else's shortlist, put in another order."""

import numpy as np


def check_scores(scores, n_candidates):
    """Return scores as an array of float64.

    Raises
    ------
    ValueError
        If there is not one finite number for each candidate.
    """
    scores = np.asarray(scores, dtype=np.float64)
    if scores.shape != (n_candidates,):
        raise ValueError(
            f"scores has the shape {scores.shape}, and there are {n_candidates} candidates: pass "
            "one number for each."
        )
    wrong = np.flatnonzero(~np.isfinite(scores))
    if len(wrong):
        place = wrong[0]
        raise ValueError(
            f"scores are finite numbers, and that of candidate {place} is {scores[place]}."
        )
    return scores


def mix(scores, similarities, weight):
    """Mix two scores of the same candidates, each in units of its deviation among them.

    Units of other people's scores are not known (cosines, BM25's, logits), nor comparable with
    those of another query.

    Parameters
    ----------
    scores, similarities : ndarray of shape (n_candidates,)
    weight : float
        Of the similarities, from 0 to 1.

    Returns
    -------
    mixed : ndarray of shape (n_candidates,), float64
    """
    return (1 - weight) * _standardized(scores) + weight * _standardized(similarities)


def _standardized(values):
    deviation = values.std()
    return (values - values.mean()) / (deviation if deviation > 0 else 1)
