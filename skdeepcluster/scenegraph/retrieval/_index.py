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
        Their nodes are stored one after the other, in 8 bits an entry.
    """

    def __init__(self, encoder: PairEncoder, graphs: list[SceneGraph]) -> None:
        self._model = encoder.model
        pooled, objects, relations, graph_vectors, hubness = [], [], [], [], []
        for start in range(0, len(graphs), _CHUNK):
            encoded = encoder.encode_graphs(graphs[start : start + _CHUNK])
            with torch.inference_mode():
                pooled.append(self._model.pool_images(encoded).cpu().numpy())
            encoded = encoded.to("cpu")
            objects.append(_packed(encoded.objects))
            relations.append(_packed(encoded.relations))
            graph_vectors.append(_Rounded.of(encoded.graphs))
            if encoded.hubness is not None:
                hubness.append(encoded.hubness)
        self._pooled = faiss.IndexScalarQuantizer(
            pooled[0].shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )
        for vectors in pooled:
            self._pooled.add(vectors)
        self._objects = _PackedNodes(objects)
        self._relations = _PackedNodes(relations)
        self._graphs = _Rounded.concatenated(graph_vectors)
        self._hubness = torch.cat(hubness) if hubness else None

    def __len__(self) -> int:
        return len(self._graphs)

    @property
    def n_bytes(self) -> int:
        """Memory of the indexed images."""
        parts = self._objects, self._relations, self._graphs
        n_bytes = 0 if self._hubness is None else self._hubness.nbytes
        n_bytes += self._pooled.ntotal * self._pooled.code_size
        return n_bytes + sum(part.n_bytes for part in parts)

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
            self._graphs.take(indices),
            hubness=None if self._hubness is None else self._hubness[indices],
        )


class _Rounded:
    """Vectors whose entries are rounded to 8 bits, in units of the largest one of each."""

    def __init__(self, entries, units):
        self._entries, self._units = entries, units

    @classmethod
    def of(cls, vectors):
        units = (vectors.abs().amax(dim=1, keepdim=True) / 127).clamp_min(1e-4).half()
        # A unit that was rounded down has an entry of 127.06 of it at most.
        return cls((vectors / units).round().to(torch.int8), units)

    @classmethod
    def concatenated(cls, parts):
        entries, units = zip(*((part._entries, part._units) for part in parts), strict=True)
        return cls(torch.cat(entries), torch.cat(units))

    def __len__(self):
        return len(self._entries)

    @property
    def n_bytes(self):
        return self._entries.nbytes + self._units.nbytes

    def take(self, rows):
        return self._entries[rows] * self._units[rows].float()


class _PackedNodes:
    """Nodes of many graphs one after the other, without padding to the largest graph."""

    def __init__(self, parts):
        vectors, weights, counts = zip(*parts, strict=True)
        self._vectors = _Rounded.concatenated(vectors)
        self._weights, self._counts = torch.cat(weights), torch.cat(counts)
        self._starts = self._counts.cumsum(0) - self._counts

    @property
    def n_bytes(self):
        rest = self._weights, self._counts, self._starts
        return self._vectors.n_bytes + sum(part.nbytes for part in rest)

    def take(self, graphs):
        counts = self._counts[graphs]
        within = torch.arange(int(counts.sum())) - (counts.cumsum(0) - counts).repeat_interleave(
            counts
        )
        rows = self._starts[graphs].repeat_interleave(counts) + within
        weights = self._weights[rows].float()
        return Nodes(pad(self._vectors.take(rows), counts), pad(weights, counts))


def _packed(nodes):
    mask = nodes.mask
    return _Rounded.of(nodes.vectors[mask]), nodes.weights[mask].half(), mask.sum(dim=1)
