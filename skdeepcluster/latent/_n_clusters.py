"""How many clusters there are."""

from sklearn.preprocessing import normalize

from ._consensus import (
    N_LANDMARKS,
    centered_components,
    k_means,
    leading_eigenvectors,
    shared_neighbor_graph,
)
from ._criterion import neighborhood_modularity
from ._neighbors import nearest_neighbors

# Modularity is flat near its top, where clusters that belong together are split: of numbers
# that are as good to this share, the smallest.
_TOLERANCE = 0.01
_N_INIT = 2
# Half of what the start takes by default: small clusters have few neighbours.
_N_NEIGHBORS = 10
# Beyond this many clusters only numbers a ninth apart are tried.
_DENSE = 20


def estimate_n_clusters(features, smallest, largest, random_state):
    """Find the fewest clusters whose modularity is within one percent of the best.

    Each number is judged by a spectral cut of the graph of shared neighbours.

    Parameters
    ----------
    features : ndarray of shape (n_samples, n_features), float32
    smallest, largest : int
        Bounds; those beyond the number of samples are not tried.
    random_state : RandomState instance

    Returns
    -------
    n_clusters : int
    modularities : dict of int to float
        Neighbourhood modularity of each number that was tried.

    References
    ----------
    M. E. J. Newman, M. Girvan, "Finding and Evaluating Community Structure in Networks",
    Physical Review E 69 (2004), 026113.
    """
    if len(features) > N_LANDMARKS:
        features = features[random_state.choice(len(features), N_LANDMARKS, replace=False)]
    largest = min(largest, len(features))
    smallest = min(smallest, largest)
    view = centered_components(normalize(features), random_state)
    graph = nearest_neighbors(view, _N_NEIGHBORS)
    if graph.size == 0:
        return smallest, {smallest: 0.0}
    vectors = leading_eigenvectors(shared_neighbor_graph(graph), largest, random_state)
    modularities = {}
    for n_clusters in _numbers(smallest, largest):
        rows = normalize(vectors[:, :n_clusters])
        labels = k_means(rows, n_clusters, _N_INIT, random_state)
        modularities[n_clusters] = neighborhood_modularity(labels, graph)
    enough = max(modularities.values()) - _TOLERANCE * abs(max(modularities.values()))
    return min(n for n, value in modularities.items() if value >= enough), modularities


def _numbers(smallest, largest):
    """All numbers at first, then in steps of a ninth."""
    numbers = [smallest]
    while numbers[-1] < largest:
        last = numbers[-1]
        numbers.append(min(largest, last + 1 if last < _DENSE else round(last * 10 / 9)))
    return numbers
