"""Similarity of whole images and sentences by a model with two towers."""

import numpy as np
from sklearn.preprocessing import normalize

from ...backbones import encode_texts
from ...embedding import ImageEmbedder

_WEIGHTS = np.linspace(0, 1, 21)


class GlobalSimilarity:
    """Cosines of images and sentences by an open_clip model, to be mixed with others.

    Parameters
    ----------
    model : str
        An open_clip backbone.

    Attributes
    ----------
    weight : float
        Share in the mixture, from 0 to 1; set by ``fit``.
    spreads : tuple of float
        Standard deviations of the two; set by ``fit``.
    """

    weight = 0.0

    def __init__(self, model):
        self.model = model
        self._embedder = ImageEmbedder(model).set_output(transform="default")
        self.spreads = 1.0, 1.0

    @classmethod
    def of(cls, model, weight, spreads):
        """Put together what was fitted before."""
        fitted = cls(model)
        fitted.weight, fitted.spreads = weight, tuple(spreads)
        return fitted

    def of_images(self, images):
        """Embed images as unit vectors, (n_images, n_features)."""
        features = self._embedder.fit_transform(images)
        return normalize(features)

    def of_captions(self, captions):
        """Embed captions as unit vectors, (n_captions, n_features)."""
        return encode_texts(self.model, [caption.text for caption in captions])

    def mix(self, similarities, cosines):
        """Weigh two similarities, each divided by its usual spread."""
        own, other = self.spreads
        return (1 - self.weight) * similarities / own + self.weight * cosines / other

    def fit(self, similarities, cosines, recall):
        """Choose the weight, in steps of 0.05, with the best recall on pairs held out.

        Parameters
        ----------
        similarities, cosines : ndarray of shape (n_images, n_captions)
        recall : callable
            Similarities to a number, higher is better. Of equal ones the middle one is taken.

        Returns
        -------
        self : GlobalSimilarity
        """
        own, other = (max(float(part.std()), 1e-12) for part in (similarities, cosines))
        self.spreads = own, other
        recalls = []
        for self.weight in _WEIGHTS:
            recalls.append(recall(self.mix(similarities, cosines)))
        best = _WEIGHTS[np.array(recalls) >= max(recalls) - 1e-9]
        self.weight = float(best[len(best) // 2])
        return self
