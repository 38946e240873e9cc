"""Deep image clustering with pretrained backbones, as scikit-learn estimators."""

from importlib import import_module

from ._version import __version__

# Public names and the folders that define them. They are imported when they are first used, so
# that `import skdeepcluster` does not load torch.
_HOMES = {
    "ClusterGalleryDisplay": "displays",
    "DeepImageClusterer": "cluster",
    "ImageEmbedder": "embedding",
    "ImageReader": "images",
    "LatentMapDisplay": "displays",
    "ReliabilityDisplay": "displays",
    "SceneGraph": "scenegraph",
    "SceneGraphRetriever": "scenegraph",
    "SelfSupervisedAdapter": "adaptation",
    "TextGraphParser": "scenegraph",
    "TrainingCurveDisplay": "displays",
    "VisualGraphParser": "scenegraph",
    "find_duplicates": "duplicates",
    "find_flaws": "quality",
    "list_images": "images",
    "read_image": "images",
    "read_parquet_images": "images",
    "read_tar_images": "images",
    "write_parquet": "export",
}
_SUBMODULES = ("backbones", "displays", "metrics", "report", "scenegraph")

__all__ = ["__version__", *sorted(_HOMES), *_SUBMODULES]


def __getattr__(name):
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    if name in _SUBMODULES:
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
