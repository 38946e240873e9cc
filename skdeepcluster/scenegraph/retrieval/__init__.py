"""Retrieval: images found by sentences, and sentences by images."""

from ._retriever import SceneGraphRetriever

__all__ = ["SceneGraphRetriever"]
