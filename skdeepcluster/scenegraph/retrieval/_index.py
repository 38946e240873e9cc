"""Search among many images: a shortlist by one vector per image, then the exact similarity."""

import faiss
import numpy as np
import torch

from ..graph import SceneGraph
from ..matching import Encoded, Nodes, PairEncoder, pad

# Images that are encoded, or compared with a caption, together.
_CHUNK = 512


class GraphIndex:
    """Encoded images that can be searched with captions.

    The exact similarity compares each node. The shortlist takes one inner product per image, of
    vectors that pool the nodes of each level: see ``MatchingModel.pool_images``.

    Parameters
    ----------
    encoder : PairEncoder
    graphs : sequence of SceneGraph
        Their nodes are stored one after the other, in half precision.
    """

    def __init__(self, encoder: PairEncoder, graphs: list[SceneGraph]) -> None:
        self._model = encoder.model
        pooled, objects, relations, graph_vectors = [], [], [], []
        for start in range(0, len(graphs), _CHUNK):
            encoded = encoder.encode_graphs(graphs[start : start + _CHUNK])
            with torch.inference_mode():
                pooled.append(self._model.pool_images(encoded).cpu().numpy())
            encoded = encoded.to("cpu")
            objects.append(_packed(encoded.objects))
            relations.append(_packed(encoded.relations))
            graph_vectors.append(encoded.graphs.half())
        self._pooled = faiss.IndexFlatIP(pooled[0].shape[1])
        for vectors in pooled:
            self._pooled.add(vectors)
        self._objects = _PackedNodes(objects)
        self._relations = _PackedNodes(relations)
        self._graphs = torch.cat(graph_vectors)

    def __len__(self) -> int:
        return len(self._graphs)

    @property
    def n_bytes(self) -> int:
        """Memory of the indexed images."""
        pooled = self._pooled.ntotal * self._pooled.d * 4
        return pooled + self._objects.n_bytes + self._relations.n_bytes + self._graphs.nbytes

    def search(self, captions: Encoded, n_candidates: int) -> tuple[np.ndarray, np.ndarray]:
        """Compare each caption with the images of its shortlist.

        Parameters
        ----------
        captions : Encoded
        n_candidates : int

        Returns
        -------
        similarities : ndarray of shape (n_captions, n_candidates), float32
        images : ndarray of shape (n_captions, n_candidates), int64
            All images if there are fewer; in no particular order.
        """
        with torch.inference_mode():
            shortlists = self.shortlist(captions, n_candidates)
            similarities = np.empty(shortlists.shape, np.float32)
            for i, shortlist in enumerate(shortlists):
                caption = captions.take(slice(i, i + 1))
                for start in range(0, len(shortlist), _CHUNK):
                    chunk = slice(start, start + _CHUNK)
                    images = self.take(shortlist[chunk]).to(self._model.device)
                    found = self._model.joint_similarity(images, caption)[:, 0]
                    similarities[i, chunk] = found.cpu().numpy()
        return similarities, shortlists

    def shortlist(self, captions: Encoded, n_candidates: int) -> np.ndarray:
        """Return the most promising images of each caption, (n_captions, n_candidates)."""
        with torch.inference_mode():
            pooled = self._model.pool_captions(captions).cpu().numpy()
        return self._pooled.search(pooled, min(n_candidates, len(self)))[1]

    def take(self, images: np.ndarray) -> Encoded:
        """Return a part of the images, given by their indices, in single precision."""
        indices = torch.from_numpy(images)
        return Encoded(
            self._objects.take(indices),
            self._relations.take(indices),
            self._graphs[indices].float(),
        )


class _PackedNodes:
    """Nodes of many graphs one after the other, without padding to the largest graph."""

    def __init__(self, parts):
        vectors, weights, counts = zip(*parts, strict=True)
        self._vectors, self._weights = torch.cat(vectors), torch.cat(weights)
        self._counts = torch.cat(counts)
        self._starts = self._counts.cumsum(0) - self._counts

    @property
    def n_bytes(self):
        return sum(p.nbytes for p in (self._vectors, self._weights, self._counts, self._starts))

    def take(self, graphs):
        counts = self._counts[graphs]
        within = torch.arange(int(counts.sum())) - (counts.cumsum(0) - counts).repeat_interleave(
            counts
        )
        rows = self._starts[graphs].repeat_interleave(counts) + within
        return Nodes(pad(self._vectors[rows].float(), counts), pad(self._weights[rows], counts))


def _packed(nodes):
    mask = nodes.mask
    return nodes.vectors[mask].half(), nodes.weights[mask], mask.sum(dim=1)
