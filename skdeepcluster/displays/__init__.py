"""Plots that follow scikit-learn's Display convention. They need matplotlib, the extra "plot"."""

from ._gallery import ClusterGalleryDisplay
from ._latent_map import LatentMapDisplay
from ._layout import lay_out
from ._reliability import ReliabilityDisplay
from ._training_curve import TrainingCurveDisplay

__all__ = [
    "ClusterGalleryDisplay",
    "LatentMapDisplay",
    "ReliabilityDisplay",
    "TrainingCurveDisplay",
    "lay_out",
]
