"""Names for groups of images, from what a network was taught to tell apart."""

from ._names import GroupNames, name_groups
from ._vocabulary import imagenet_vocabulary

__all__ = ["GroupNames", "imagenet_vocabulary", "name_groups"]
