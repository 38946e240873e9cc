"""Search among many images: a shortlist by one vector an image, then the exact score."""

import faiss
import numpy as np
import torch

from ..matching._encoders import Encoded
from ..matching._nodes import Nodes, pad

# Images that are encoded, or compared with a caption, together.
_CHUNK = 512


class GraphIndex:
    """Encoded images that can be searched with captions.

    The exact score looks at each node. The shortlist takes one inner product an image, of
    vectors in which the nodes of each level are one: see ``MatchingModel.pooled_images``.

    Parameters
    ----------
    encoder : PairEncoder
    graphs : sequence of SceneGraph
        Their nodes are kept one after the other, in half precision.
    """

    def __init__(self, encoder, graphs):
        self._model = encoder.model
        pooled, objects, relations, whole = [], [], [], []
        for start in range(0, len(graphs), _CHUNK):
            encoded = encoder.encode_graphs(graphs[start : start + _CHUNK])
            with torch.inference_mode():
                pooled.append(self._model.pooled_images(encoded).numpy())
            objects.append(_packed(encoded.objects))
            relations.append(_packed(encoded.relations))
            whole.append(encoded.whole.half())
        self._pooled = faiss.IndexFlatIP(pooled[0].shape[1])
        for vectors in pooled:
            self._pooled.add(vectors)
        self._objects = _PackedNodes(objects)
        self._relations = _PackedNodes(relations)
        self._whole = torch.cat(whole)

    def __len__(self):
        return len(self._whole)

    @property
    def n_bytes(self):
        """Memory that the images take."""
        pooled = self._pooled.ntotal * self._pooled.d * 4
        return pooled + self._objects.n_bytes + self._relations.n_bytes + self._whole.nbytes

    def search(self, captions, n_candidates):
        """Compare each caption with the images that are the most promising for it.

        Parameters
        ----------
        captions : Encoded
        n_candidates : int

        Returns
        -------
        similarities : ndarray of shape (n_captions, n_candidates), float32
        images : ndarray of shape (n_captions, n_candidates), int64
            As many as there are if these are fewer, in no order that matters.
        """
        with torch.inference_mode():
            shortlists = self.shortlist(captions, n_candidates)
            similarities = np.empty(shortlists.shape, np.float32)
            for place, shortlist in enumerate(shortlists):
                caption = captions.of(slice(place, place + 1))
                for start in range(0, len(shortlist), _CHUNK):
                    some = slice(start, start + _CHUNK)
                    found = self._model.similarity(self.of(shortlist[some]), caption)
                    similarities[place, some] = found[:, 0]
        return similarities, shortlists

    def shortlist(self, captions, n_candidates):
        """Return the most promising images of each caption, (n_captions, n_candidates)."""
        with torch.inference_mode():
            pooled = self._model.pooled_captions(captions).numpy()
        return self._pooled.search(pooled, min(n_candidates, len(self)))[1]

    def of(self, images):
        """Return some of the images, in single precision."""
        places = torch.from_numpy(images)
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
