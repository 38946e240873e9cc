"""Which result corrections are of."""

import hashlib
import json

from ..cluster import Partition


def result_digest(partition: Partition) -> str:
    """Tell results apart: by the images, their clusters, and the names of these.

    Parameters
    ----------
    partition : Partition

    Returns
    -------
    digest : str
        32 hexadecimal digits.
    """
    parts = [partition.images.fingerprint, partition.labels.tolist(), partition.names]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
