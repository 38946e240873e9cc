"""DeepImageClusterer, which puts images, backbones, embedding and latent space together."""

from ._clusterer import DeepImageClusterer

__all__ = ["DeepImageClusterer"]
