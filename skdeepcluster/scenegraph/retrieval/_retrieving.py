"""What a fitted retriever says of images and captions."""

from typing import Any

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted

from ..matching._phrases import words_of
from ._captions import as_captions, with_triples
from ._explanation import explain_pair
from ._images import as_images
from ._index import GraphIndex
from ._recall import mean_recall, recall_table


class RetrievingMixin:
    """Methods of a fitted retriever."""

    visual_parser: Any
    text_parser: Any
    _own_parser: Any
    _encoder: Any
    _global: Any
    _index: Any
    _indexed_whole: Any
    _levels: tuple

    def similarity(self, X, y):
        """Compare all images with all captions.

        Parameters
        ----------
        X : sequence of SceneGraph, of images, or of (image, SceneGraph), length n_images
        y : sequence of captions or of lists of captions
            In lists, the captions stand one after the other.

        Returns
        -------
        similarities : ndarray of shape (n_images, n_captions), float32
            Weighted means of the levels' cosines. A level that a pair does not have, as where an
            image has no relations, counts with what speaks neither for nor against a pair: the
            soft mean of pairs of the training that do not match. With a ``global_model`` these and
            its cosines, each divided by their standard deviation over the pairs held out, are
            mixed: no cosines then, and not from -1 to 1.
        """
        check_is_fitted(self)
        images = self._read_images(X, self._global is not None)
        captions, _ = as_captions(y)
        return self._similarity(images, captions)

    def recall_table(self, X, y):
        """Measure how well captions are found by images, and images by captions.

        Parameters
        ----------
        X, y : list
            As in ``fit``.

        Returns
        -------
        table : DataFrame
            Rows "image to text" and "text to image"; columns "R@1", "R@5", "R@10", shares of
            queries with a right answer among the first k, and "median rank". Ties count against.
        """
        check_is_fitted(self)
        images, captions, owners = self._read_pairs(X, y, self._global is not None)
        return recall_table(self._similarity(images, captions), owners, images.identities)

    def score(self, X, y):
        """Mean recall over both directions and the first 1, 5 and 10.

        Parameters
        ----------
        X, y : list
            As in ``fit``.

        Returns
        -------
        score : float in [0, 1]
        """
        return mean_recall(self.recall_table(X, y))

    def transform(self, X):
        """Embed images, each as one vector.

        The inner product with the vector of a caption is their similarity, if of each level the
        mean nodes are compared; ``similarity`` looks at each node.

        Parameters
        ----------
        X : sequence of SceneGraph, of images, or of (image, SceneGraph), length n_images

        Returns
        -------
        vectors : ndarray of shape (n_images, n_levels * (n_dimensions + 1) + 1), float32
        """
        check_is_fitted(self)
        images = self._read_images(X, False)
        return self._encoder.pooled_graphs(images.graphs)

    def transform_captions(self, y):
        """Embed captions, each as one vector: see ``transform``.

        Parameters
        ----------
        y : sequence of captions or of lists of captions

        Returns
        -------
        vectors : ndarray of shape (n_captions, n_levels * (n_dimensions + 1) + 1), float32
        """
        check_is_fitted(self)
        return self._encoder.pooled_captions(self._with_triples(as_captions(y)[0]))

    def index(self, X):
        """Keep images to be searched with ``kneighbors``, in place of those kept before.

        Parameters
        ----------
        X : sequence of SceneGraph, of images, or of (image, SceneGraph), length n_images

        Returns
        -------
        self : SceneGraphRetriever
        """
        check_is_fitted(self)
        images = self._read_images(X, self._global is not None)
        if not images.graphs:
            raise ValueError("X is empty: there is nothing to search in.")
        index = GraphIndex(self._encoder, images.graphs)
        whole: Any = None if self._global is None else self._global.of_images(images.images)
        # Both or none, whatever fails.
        self._index, self._indexed_whole = index, whole
        return self

    def kneighbors(self, y, n_neighbors=10, *, n_candidates=500):
        """Find the images kept by ``index`` that fit captions best.

        Parameters
        ----------
        y : sequence of captions or of lists of captions
        n_neighbors : int, default=10
        n_candidates : int, default=500
            Images that are compared exactly, chosen by one vector each. With all of them the
            result is exact.

        Returns
        -------
        similarities : ndarray of shape (n_captions, n_neighbors), float32
            Falling.
        indices : ndarray of shape (n_captions, n_neighbors), int64
            Positions in what was indexed.
        """
        check_is_fitted(self)
        if self._index is None:
            raise ValueError("There are no images to search in yet: call index(X) first.")
        if not 1 <= n_neighbors <= len(self._index):
            raise ValueError(
                f"n_neighbors={n_neighbors} must be from 1 to the number of indexed images, "
                f"{len(self._index)}."
            )
        captions, _ = as_captions(y)
        scores, places = self._index.search(
            self._encode_captions(captions),
            max(n_neighbors, n_candidates),
        )
        if self._global is not None and captions:
            said = self._global.of_captions(captions)
            whole = [self._indexed_whole[p] @ s for p, s in zip(places, said, strict=True)]
            scores = self._global.mix(scores, np.stack(whole))
        order = np.argsort(-scores, axis=1, kind="stable")[:, :n_neighbors]
        return np.take_along_axis(scores, order, 1), np.take_along_axis(places, order, 1)

    def explain(self, image, caption):
        """Tell which word of a caption matched which object, and which triple which relation.

        Parameters
        ----------
        image : SceneGraph, image, or (image, SceneGraph)
        caption : str, dict or SceneGraph

        Returns
        -------
        explanation : Explanation
            Print it, draw it with its ``plot``, or take its ``words`` and ``triples``.
        """
        check_is_fitted(self)
        images = self._read_images([image], False)
        captions = self._with_triples(as_captions([caption])[0])
        with torch.inference_mode():
            return explain_pair(
                images.graphs[0],
                captions[0],
                words_of(captions[0].text),
                self._encoder.encode_graphs(images.graphs),
                self._encode_captions(captions),
                self._encoder.model,
            )

    def _read_images(self, X, keep_images):
        return as_images(X, self.visual_parser, keep_images)

    def _read_pairs(self, X, y, keep_images):
        images = self._read_images(X, keep_images)
        captions, owners = as_captions(y)
        # Each entry of y has a caption at least.
        n_entries = owners[-1] + 1 if len(owners) else 0
        if len(images.graphs) != n_entries:
            raise ValueError(
                f"X has {len(images.graphs)} images, y {n_entries} entries: y needs one for "
                "each, a caption or a list of captions."
            )
        return images, captions, owners

    def _similarity(self, images, captions):
        similarities = self._encoder.similarity(images.graphs, self._with_triples(captions))
        if self._global is not None and similarities.size:
            seen = self._global.of_images(images.images)
            similarities = self._global.mix(
                similarities, seen @ self._global.of_captions(captions).T
            )
        return similarities

    def _with_triples(self, captions):
        if "relation" not in self._levels:
            return [caption._replace(triples=caption.triples or ()) for caption in captions]
        parser = self._own_parser if self.text_parser is None else self.text_parser
        return with_triples(captions, parser)

    def _encode_captions(self, captions):
        return self._encoder.encode_captions(self._with_triples(captions))
