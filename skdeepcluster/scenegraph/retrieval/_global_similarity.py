"""Similarity of whole images and sentences by an image-text model such as CLIP."""

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
from sklearn.preprocessing import normalize

from ...backbones import encode_texts
from ...embedding import ImageEmbedder
from ..graph import Caption

_WEIGHTS = np.linspace(0, 1, 21)


class GlobalSimilarity:
    """Cosines of images and sentences by an open_clip model, and their mixture with others.

    Parameters
    ----------
    model : str
        An open_clip backbone.
    device : str or torch.device, default="auto"
        Where images are embedded.

    Attributes
    ----------
    weight : float
        Weight of the cosines in the mixture, from 0 to 1; set by ``fit``.
    spreads : tuple of float
        Standard deviations of the other similarities and of the cosines; set by ``fit``.
    """

    weight = 0.0

    def __init__(self, model: str, device: Any = "auto") -> None:
        self.model = model
        self._embedder = ImageEmbedder(model, device=device).set_output(transform="default")
        self.spreads = 1.0, 1.0

    def state(self) -> list:
        """Return what JSON can hold; see ``from_state``."""
        return [self.model, self.weight, self.spreads]

    @classmethod
    def from_state(cls, state: list) -> Self:
        """Rebuild what ``state`` was called on."""
        model, weight, spreads = state
        fitted = cls(model)
        fitted.weight, fitted.spreads = weight, tuple(spreads)
        return fitted

    def to(self, device: Any) -> None:
        """Embed images on another device from now on."""
        self._embedder.set_params(device=device)

    def encode_images(self, images: Sequence[Any]) -> np.ndarray:
        """Embed images as unit vectors, (n_images, n_features)."""
        features = self._embedder.fit_transform(images)
        return normalize(features)

    def encode_captions(self, captions: list[Caption]) -> np.ndarray:
        """Embed captions as unit vectors, (n_captions, n_features)."""
        return encode_texts(self.model, [caption.stated_text for caption in captions])

    def mix(self, similarities: np.ndarray, cosines: np.ndarray) -> np.ndarray:
        """Return the weighted sum of two similarities, each divided by its spread."""
        spread, cosine_spread = self.spreads
        return (1 - self.weight) * similarities / spread + self.weight * cosines / cosine_spread

    def fit(
        self,
        similarities: np.ndarray,
        cosines: np.ndarray,
        recall: Callable[[np.ndarray], float],
    ) -> Self:
        """Choose the weight, in steps of 0.05, with the best recall on pairs held out.

        Parameters
        ----------
        similarities, cosines : ndarray of shape (n_images, n_captions)
        recall : callable
            Maps similarities to a number, higher is better. Of equally good weights the middle
            one is taken.

        Returns
        -------
        self : GlobalSimilarity
        """
        spread, cosine_spread = (max(float(part.std()), 1e-12) for part in (similarities, cosines))
        self.spreads = spread, cosine_spread
        recalls = []
        for self.weight in _WEIGHTS:
            recalls.append(recall(self.mix(similarities, cosines)))
        best = _WEIGHTS[np.array(recalls) >= max(recalls) - 1e-9]
        self.weight = float(best[len(best) // 2])
        return self
