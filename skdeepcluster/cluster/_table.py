"""Clusters as a table."""

import numpy as np

from ._agreement import means_of_known


def cluster_table(partition, n_representatives):
    """Describe the clusters, a row each.

    Parameters
    ----------
    partition : Partition
    n_representatives : int
        How many of the most typical images are listed.

    Returns
    -------
    table : pandas.DataFrame
        "size", "share", "probability" (the mean of its images), "cohesion" (their mean cosine to
        the nearest prototype), "stability" (their mean, NaN without partitions), "representatives"
        and "name".

    Raises
    ------
    ValueError
        If ``n_representatives`` is negative.
    """
    import pandas as pd

    if n_representatives < 0:
        raise ValueError(f"n_representatives={n_representatives} must not be negative.")
    clustered = partition.labels >= 0
    sizes = partition.sizes
    similarities = partition.similarities_of(partition.latents)[clustered]
    certainty = partition.probabilities[clustered].max(axis=1)
    paths = partition.images.paths

    def means(values):
        return np.bincount(partition.labels[clustered], weights=values) / sizes

    return pd.DataFrame(
        {
            "size": sizes,
            "share": sizes / sizes.sum(),
            "probability": means(certainty),
            "cohesion": means(similarities),
            "stability": np.nan
            if partition.partitions is None
            else means_of_known(partition.stability, partition.labels, partition.n_clusters),
            "representatives": [
                [paths[index] if paths else int(index) for index in typical]
                for typical in partition.representatives(n_representatives)
            ],
            "name": partition.cluster_names,
        }
    ).rename_axis("cluster")
