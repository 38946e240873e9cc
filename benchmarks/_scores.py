"""How well clusters match classes."""

from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from skdeepcluster.metrics import clustering_accuracy


def scores(y, labels):
    """Return ACC, NMI and ARI over the images that have a class (-1: none)."""
    known = y >= 0
    measures = {
        "ACC": clustering_accuracy,
        "NMI": normalized_mutual_info_score,
        "ARI": adjusted_rand_score,
    }
    return {
        name: round(float(measure(y[known], labels[known])), 4)
        for name, measure in measures.items()
    }
