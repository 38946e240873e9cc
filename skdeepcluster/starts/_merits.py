"""Which of several partitions is the best, judged without labels."""

from functools import partial

import numpy as np

from ..neighbors import evenness, neighborhood_information, neighborhood_modularity
from ._probe import linear_information

# Mean evenness of their sizes below which classes are taken to be uneven themselves.
_LEAST_EVENNESS = 0.96


def merits(partitions, components, neighbors_of_views, n_clusters, uneven=False):
    """Rate partitions without labels, by a rule that depends on how uneven their sizes are.

    Mutual information, of a cluster and what neighbours or a linear classifier know of it, is
    more the more even the sizes are. Divided by the evenness it has no preference for equal
    sizes (``uneven``, where the neighbours alone are asked); by the cube root of it, some. That
    is the rule where the partitions are even on average: what neighbours know, and half as
    much what the classifier knows of samples that it has not seen, each standardised. Where
    they are not, classes will probably not be, either, and modularity chooses, which keeps
    large ones whole. (It is no rule for many even clusters, of which it throws some together.)
    """
    evennesses = np.maximum([evenness(labels) for labels in partitions], 1e-12)
    if not uneven and evennesses.mean() < _LEAST_EVENNESS:
        return mean_over_views(neighborhood_modularity, partitions, neighbors_of_views)
    information = partial(neighborhood_information, n_clusters=n_clusters)
    of_neighbors = mean_over_views(information, partitions, neighbors_of_views)
    if uneven:
        return of_neighbors / evennesses
    of_classifier = linear_information(components, partitions, n_clusters)
    of_neighbors, of_classifier = (
        standardized(known / np.cbrt(evennesses)) for known in (of_neighbors, of_classifier)
    )
    return of_neighbors + of_classifier / 2


def mean_over_views(criterion, partitions, neighbors_of_views):
    """Mean of a criterion over graphs of neighbours, for each partition."""
    return np.array(
        [np.mean([criterion(p, neighbors) for neighbors in neighbors_of_views]) for p in partitions]
    )


def standardized(merits):
    """Bring merits to mean 0 and standard deviation 1, or to 0 where they do not differ."""
    return (merits - merits.mean()) / max(merits.std(), 1e-12)
