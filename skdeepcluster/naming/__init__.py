"""Names for images and groups of images, from what a network was taught to tell apart."""

from ._names import GroupNames, class_probabilities, name_groups, name_images
from ._vocabulary import imagenet_vocabulary

__all__ = [
    "GroupNames",
    "class_probabilities",
    "imagenet_vocabulary",
    "name_groups",
    "name_images",
]
