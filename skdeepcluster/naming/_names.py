"""Which word of a vocabulary names an image, or a group of images, if any does."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ._vocabulary import Vocabulary

# The logit of "none of the classes", for images of 128 pixels: at 224 all logits are smaller, and
# less apart. Photographs of ImageNet's kind reach 20 on average, noise and surfaces of steel 8
# (the logarithm of the sum of all exponentials).
_LOGIT_OF_NONE = 15.0
# A name is given where this share of the images is likely to show it.
_LEAST_CONFIDENCE = 0.3
# Images whose probabilities are computed together: 33 MB.
_CHUNK_SIZE = 8192


class GroupNames(NamedTuple):
    """Names of groups.

    ``names`` has a str for each group, None where no word fits; ``confidences`` the share of its
    images that are likely to show what the name says, (n_groups,), NaN where there is none;
    ``words`` and ``scores`` the best words of each group, whether or not one is its name, and the
    same share of each.
    """

    names: list[str | None]
    confidences: np.ndarray
    words: list[list[str]]
    scores: list[list[float]]


def name_groups(
    features: np.ndarray,
    groups: np.ndarray,
    sizes: np.ndarray,
    weights: np.ndarray,
    biases: np.ndarray,
    vocabulary: Vocabulary,
    n_words: int,
) -> GroupNames:
    """Name groups of images by what sets each apart from the others.

    A word's weight in a group is what its classes are likely to have of the images, times the
    logarithm of how many times as much that is as expected: as much as the other groups have of
    it, and as a class taken at random would. So words that all groups share are poor names, as
    in TF-IDF, and a wide word is the better one only if it has clearly more of the group than a
    narrow one. An image may show none of the classes, and groups of such images get no name.

    Parameters
    ----------
    features : ndarray of shape (n_samples, n_features)
    groups : ndarray of shape (n_samples,), int
        From 0; a group without a sample gets no name.
    sizes : ndarray of shape (n_groups,), int
        How many images each group has, of which the samples are some.
    weights : ndarray of shape (n_classes, n_features)
    biases : ndarray of shape (n_classes,)
        Of the linear classifier that ends the network.
    vocabulary : Vocabulary
    n_words : int

    Returns
    -------
    names : GroupNames
    """
    shares = _class_shares(features, groups, len(sizes), weights, biases)
    of_words = shares @ vocabulary.members.T.astype(shares.dtype)
    weighted = of_words * sizes[:, None]
    of_others = (weighted.sum(axis=0) - weighted) / np.maximum(sizes.sum() - sizes, 1)[:, None]
    by_chance = vocabulary.members.mean(axis=1)
    surprise = np.log(np.maximum(of_words, 1e-12) / (np.maximum(of_others, 0) + by_chance))
    # Stable, so that of a class and its only hypernym the class comes first.
    order = np.argsort(-of_words * surprise, axis=1, kind="stable")
    best = _first_likely(order, of_words)
    found = np.arange(len(sizes)), best
    is_named = (best >= 0) & (surprise[found] > 0)
    return GroupNames(
        [
            vocabulary.words[word] if named else None
            for word, named in zip(best, is_named, strict=True)
        ],
        np.where(is_named, of_words[found], np.nan).round(4),
        [[vocabulary.words[word] for word in row[:n_words]] for row in order],
        np.take_along_axis(of_words, order[:, :n_words], axis=1).round(4).tolist(),
    )


def _first_likely(order, of_words):
    """Position of the first word that is likely enough, -1 where none is."""
    is_likely = np.take_along_axis(of_words, order, axis=1) >= _LEAST_CONFIDENCE
    firsts = np.take_along_axis(order, is_likely.argmax(axis=1)[:, None], axis=1)[:, 0]
    return np.where(is_likely.any(axis=1), firsts, -1)


def name_images(probabilities: np.ndarray, vocabulary: Vocabulary) -> tuple[np.ndarray, np.ndarray]:
    """Find the word that says most of what each image shows.

    Of the words that are likely enough, a wide one, such as "dog", is better than one of its
    classes only if it is clearly more likely.

    Parameters
    ----------
    probabilities : ndarray of shape (n_images, n_classes)
        See :func:`class_probabilities`.
    vocabulary : Vocabulary

    Returns
    -------
    words : ndarray of shape (n_images,), int64
        Positions in ``vocabulary.words``; -1 where none is likely enough.
    confidences : ndarray of shape (n_images,)
        How likely the word is right; 0 where there is none.
    """
    of_words = probabilities @ vocabulary.members.T.astype(probabilities.dtype)
    surprise = np.log(np.maximum(of_words, 1e-12) / vocabulary.members.mean(axis=1))
    weighted = np.where(of_words >= _LEAST_CONFIDENCE, of_words * surprise, -np.inf)
    best = weighted.argmax(axis=1)
    is_named = np.isfinite(weighted.max(axis=1))
    confidences = of_words[np.arange(len(best)), best]
    return np.where(is_named, best, -1), np.where(is_named, confidences, 0.0)


def class_probabilities(
    features: np.ndarray, weights: np.ndarray, biases: np.ndarray
) -> np.ndarray:
    """Tell how likely images of 128 pixels show each class; what is missing to 1 is that of none.

    Parameters
    ----------
    features : ndarray of shape (n_images, n_features)
    weights : ndarray of shape (n_classes, n_features)
    biases : ndarray of shape (n_classes,)
        Of the linear classifier that ends the network.

    Returns
    -------
    probabilities : ndarray of shape (n_images, n_classes), float32
    """
    logits = np.asarray(features, dtype=np.float32) @ weights.T + biases
    # The largest exponent is 0.
    largest = np.maximum(logits.max(axis=1, keepdims=True), _LOGIT_OF_NONE)
    likelihoods = np.exp(logits - largest)
    none = np.exp(_LOGIT_OF_NONE - largest)
    return likelihoods / (likelihoods.sum(axis=1, keepdims=True) + none)


def _class_shares(features, groups, n_groups, weights, biases):
    """Mean probability of each class in each group, (n_groups, n_classes); the rest is none."""
    sums = np.zeros((n_groups, len(biases)))
    for start in range(0, len(features), _CHUNK_SIZE):
        rows = slice(start, start + _CHUNK_SIZE)
        np.add.at(sums, groups[rows], class_probabilities(features[rows], weights, biases))
    return sums / np.maximum(np.bincount(groups, minlength=n_groups), 1)[:, None]
