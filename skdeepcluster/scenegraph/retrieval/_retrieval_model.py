"""What a retriever has learned, as one object."""

from typing import Any, NamedTuple, Self

import numpy as np
import torch

from ...storage import StoredModel
from ..graph import Caption, SceneGraph
from ..matching import PairEncoder, split_words
from ._explanation import Explanation, explain_pair
from ._global_similarity import GlobalSimilarity
from ._images_with_graphs import ImagesWithGraphs
from ._index import GraphIndex
from ._parsing import CaptionParser


class IndexedImages(NamedTuple):
    """Images that are searched: their graphs, with a global model their vectors, their ids."""

    graphs: GraphIndex
    vectors: np.ndarray | None
    ids: np.ndarray | None


class RetrievalModel:
    """A fitted encoder with its global model, and the images that are searched with them.

    Parameters
    ----------
    encoder : PairEncoder
        With a trained model.
    global_similarity : GlobalSimilarity or None
        Fitted.
    caption_parser : CaptionParser

    Notes
    -----
    Captions are passed to all methods with their triples, as ``caption_parser`` returns them.
    """

    def __init__(
        self,
        encoder: PairEncoder,
        global_similarity: GlobalSimilarity | None,
        caption_parser: CaptionParser,
    ) -> None:
        self.encoder = encoder
        self.global_similarity = global_similarity
        self.caption_parser = caption_parser
        self._indexed: IndexedImages | None = None

    def to(self, device: torch.device) -> Self:
        """Move the networks to a device; return the model."""
        self.encoder.to(device)
        if self.global_similarity is not None:
            self.global_similarity.to(device)
        return self

    @property
    def needs_images(self) -> bool:
        """Whether the images themselves are compared, not only their graphs."""
        return self.global_similarity is not None

    @property
    def global_weight(self) -> float:
        """Weight of the global similarity, 0 without one."""
        return 0.0 if self.global_similarity is None else self.global_similarity.weight

    @property
    def level_weights(self) -> dict[str, float]:
        """Share of each level in the similarity."""
        model = self.encoder.model
        return dict(zip(model.levels, model.shares.tolist(), strict=True))

    @property
    def n_parameters(self) -> int:
        """Number of trained parameters."""
        networks = self.encoder.model, self.encoder.plausibility
        return sum(p.numel() for network in networks if network for p in network.parameters())

    def similarity(self, images: ImagesWithGraphs, captions: list[Caption]) -> np.ndarray:
        """Compare all images with all captions.

        Returns
        -------
        similarities : ndarray of shape (n_images, n_captions), float32
            The joint similarity of the levels, mixed with the global one if there is any.
        """
        similarities = self.encoder.graph_similarity(images.graphs, captions)
        if self.global_similarity is None or images.images is None or not similarities.size:
            return similarities
        image_vectors = self.global_similarity.encode_images(images.images)
        caption_vectors = self.global_similarity.encode_captions(captions)
        return self.global_similarity.mix(similarities, image_vectors @ caption_vectors.T)

    def unknown_captions(self, captions: list[Caption]) -> list[int]:
        """Return the positions of captions that cannot be compared with any image.

        They have no word that is known; a global model knows whatever is not empty.
        """
        if self.global_similarity is not None:
            return [i for i, caption in enumerate(captions) if not split_words(caption.text)]
        return self.encoder.unknown_captions(captions)

    def pool_images(self, images: ImagesWithGraphs) -> np.ndarray:
        """Return one vector per image: see ``MatchingModel.pool_images``."""
        return self.encoder.pool_graphs(images.graphs)

    def pool_captions(self, captions: list[Caption]) -> np.ndarray:
        """Return one vector per caption: see ``MatchingModel.pool_captions``."""
        return self.encoder.pool_captions(captions)

    @property
    def indexed(self) -> IndexedImages:
        """Images that can be searched; a ValueError without any."""
        if self._indexed is None:
            raise ValueError("There are no images to search in yet: call index(X) first.")
        return self._indexed

    def index(self, images: ImagesWithGraphs, ids: np.ndarray | None) -> None:
        """Keep images to be searched, in place of those before."""
        graphs = GraphIndex(self.encoder, images.graphs)
        vectors = None
        if self.global_similarity is not None and images.images is not None:
            vectors = self.global_similarity.encode_images(images.images)
        self._indexed = IndexedImages(graphs, vectors, ids)

    def search(
        self, captions: list[Caption], n_neighbors: int, n_candidates: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find the indexed images that are most similar to captions.

        Parameters
        ----------
        captions : list of Caption
        n_neighbors : int
            From 1 to the number of indexed images.
        n_candidates : int
            Images that are compared exactly.

        Returns
        -------
        similarities : ndarray of shape (n_captions, n_neighbors), float32
            In descending order.
        indices : ndarray of shape (n_captions, n_neighbors), int64
        """
        graphs, vectors, _ = self.indexed
        similarities, indices = graphs.search(
            self.encoder.encode_captions(captions), max(n_neighbors, n_candidates)
        )
        if self.global_similarity is not None and vectors is not None and captions:
            caption_vectors = self.global_similarity.encode_captions(captions)
            cosines = [
                vectors[candidates] @ vector
                for candidates, vector in zip(indices, caption_vectors, strict=True)
            ]
            similarities = self.global_similarity.mix(similarities, np.stack(cosines))
        order = np.argsort(-similarities, axis=1, kind="stable")[:, :n_neighbors]
        return np.take_along_axis(similarities, order, 1), np.take_along_axis(indices, order, 1)

    def explain(self, graph: SceneGraph, caption: Caption) -> Explanation:
        """Match the words and triples of a caption with the objects and relations of an image."""
        with torch.inference_mode():
            return explain_pair(
                graph,
                caption,
                self.encoder.encode_graphs([graph]),
                self.encoder.encode_captions([caption]),
                self.encoder.model,
                self.encoder.plausibilities(caption),
            )

    def state(self) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
        """Return what JSON and what safetensors can hold; indexed images are not part of it."""
        config, tensors = self.encoder.state()
        similarity = self.global_similarity
        return {**config, "global": None if similarity is None else similarity.state()}, tensors

    @classmethod
    def read(cls, stored: StoredModel, word_encoder: Any = None) -> Self:
        """Rebuild a model from what ``state`` returned, in a saved model.

        Parameters
        ----------
        stored : StoredModel
        word_encoder : encoder, default=None
            Needed if the vectors of the words came from an encoder of the user's own.
        """
        encoder = PairEncoder.read(stored, word_encoder)
        state = stored.config["global"]
        return cls(
            encoder,
            None if state is None else GlobalSimilarity.from_state(state),
            CaptionParser(encoder.settings.levels),
        )
