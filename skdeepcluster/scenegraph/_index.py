"""Search among many pictures: a shortlist by one vector a picture, then the exact score."""

import faiss
import numpy as np
import torch

from ._encoders import Encoded
from ._nodes import Nodes, pad


class GraphIndex:
    """Encoded pictures that can be searched with captions.

    The exact score looks at each node. The shortlist takes one inner product a picture, of
    vectors in which the nodes of each level are one: see ``SceneGraphRetriever.transform``.

    Parameters
    ----------
    parts : iterable of (pooled, Encoded)
        Pictures in order; ``pooled`` is an ndarray of shape (n_pictures, n_pooled), float32.
        Nodes are kept one after the other, in half precision.
    """

    def __init__(self, parts):
        pooled, objects, relations, whole = [], [], [], []
        for vectors, encoded in parts:
            pooled.append(vectors)
            objects.append(_packed(encoded.objects))
            relations.append(_packed(encoded.relations))
            whole.append(encoded.whole.half())
        vectors = np.concatenate(pooled)
        self._flat = faiss.IndexFlatIP(vectors.shape[1])
        self._flat.add(vectors)
        self._objects = _PackedNodes(objects)
        self._relations = _PackedNodes(relations)
        self._whole = torch.cat(whole)

    def __len__(self):
        return len(self._whole)

    @property
    def n_bytes(self):
        """Memory that the pictures take."""
        flat = self._flat.ntotal * self._flat.d * 4
        return flat + self._objects.n_bytes + self._relations.n_bytes + self._whole.nbytes

    def shortlist(self, pooled, n_candidates):
        """Return the most promising pictures of each caption, (n_captions, n_candidates)."""
        return self._flat.search(pooled, min(n_candidates, len(self)))[1]

    def of(self, pictures):
        """Return some of the pictures, in single precision."""
        places = torch.from_numpy(pictures)
        return Encoded(
            self._objects.of(places), self._relations.of(places), self._whole[places].float()
        )


class _PackedNodes:
    """Nodes of many graphs one after the other: a large graph does not make all others large."""

    def __init__(self, parts):
        vectors, weights, counts = zip(*parts, strict=True)
        self._vectors, self._weights = torch.cat(vectors), torch.cat(weights)
        self._counts = torch.cat(counts)
        self._starts = self._counts.cumsum(0) - self._counts

    @property
    def n_bytes(self):
        return sum(p.nbytes for p in (self._vectors, self._weights, self._counts, self._starts))

    def of(self, graphs):
        counts = self._counts[graphs]
        within = torch.arange(int(counts.sum())) - (counts.cumsum(0) - counts).repeat_interleave(
            counts
        )
        places = self._starts[graphs].repeat_interleave(counts) + within
        return Nodes(pad(self._vectors[places].float(), counts), pad(self._weights[places], counts))


def _packed(nodes):
    mask = nodes.mask
    return nodes.vectors[mask].half(), nodes.weights[mask], mask.sum(dim=1)
