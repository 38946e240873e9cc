"""The table of clusters."""

import numpy as np


def cluster_info(labels, latents, centers, paths, n_representatives):
    """Table of sizes, cohesion and representative pictures, a row a cluster."""
    import pandas as pd

    rows = []
    n_clustered = (labels >= 0).sum()
    for cluster, center in enumerate(centers):
        members = np.flatnonzero(labels == cluster)
        cosines = latents[members] @ center
        typical = members[np.argsort(-cosines, kind="stable")[:n_representatives]]
        rows.append(
            {
                "size": len(members),
                "share": len(members) / n_clustered,
                "cohesion": float(cosines.mean()),
                "representatives": [paths[i] if paths else int(i) for i in typical],
                "name": f"cluster {cluster}",
            }
        )
    return pd.DataFrame(rows).rename_axis("cluster")
