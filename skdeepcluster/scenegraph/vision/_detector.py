"""Object detectors: torchvision's, with weights from its hub or from a file."""

import copy
import difflib
import re
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import nn

from ...backbones import (
    BackboneLoadError,
    check_url,
    did_you_mean,
    load_weights,
    read_weights,
    resolve_device,
)

_BACKGROUND = "__background__"
# Detectors suppress overlapping boxes within a class only; boxes of two classes that overlap by
# this much (IoU) are one object with a doubtful label.
_SAME_OBJECT = 0.8
# The last layers of torchvision's classification heads: one row per class, or one per class
# and anchor.
_CLASSIFIER = re.compile(
    r"(roi_heads\.box_predictor\.cls_score"
    r"|head\.classification_head\.(cls_logits|module_list\.0(\.1)?))\.bias$"
)


class Detections(NamedTuple):
    """Objects of one image, the most confident first."""

    boxes: np.ndarray  # (n, 4), left, top, right, bottom in pixels of the image
    scores: np.ndarray  # (n,)
    classes: np.ndarray  # (n,), int64


class Detector:
    """Finds objects in images.

    Parameters
    ----------
    detector : str or torch.nn.Module
        See :class:`VisualGraphParser`; a module is copied.
    weights : path, default=None
    device : str or torch.device, default="auto"

    Attributes
    ----------
    n_classes : int or None
        Number of classes including the background; None if it is not known.
    categories : list of str or None
        Their names, if the weights, or torchvision's own with as many classes, have them.

    Raises
    ------
    BackboneLoadError
        If there is no such detector, or its weights cannot be loaded or do not fit.
    """

    def __init__(
        self,
        detector: str | nn.Module,
        weights: str | PathLike | None = None,
        device: str | torch.device = "auto",
    ) -> None:
        from torchvision import models

        if isinstance(detector, nn.Module):
            if weights is not None:
                raise ValueError("weights goes with the name of a detector; a module has its own.")
            network = copy.deepcopy(detector)
            self.n_classes = _count_classes(network.state_dict())
            published = models.get_model_weights("fasterrcnn_resnet50_fpn_v2").DEFAULT
        else:
            network, self.n_classes, published = _load(detector, weights)
        categories = published.meta["categories"]
        self.categories = categories if len(categories) == self.n_classes else None
        self._device = resolve_device(device)
        self._network = network.eval().to(self._device)

    @torch.inference_mode()
    def __call__(
        self, images: list[Image.Image], min_score: float, max_objects: int
    ) -> list[Detections]:
        """Find the objects of each image.

        Parameters
        ----------
        images : list of PIL.Image.Image
            RGB.
        min_score : float
        max_objects : int

        Returns
        -------
        found : list of Detections
            Boxes that are narrower than a pixel within the image are left out.
        """
        from torchvision.transforms.functional import to_tensor

        found: list = [None] * len(images)
        # Torchvision pads a batch to its largest image, and detections change with the padding.
        # With one size at a time, an image's graph does not depend on the other images.
        for size in dict.fromkeys(image.size for image in images):
            indices = [i for i, image in enumerate(images) if image.size == size]
            raw = self._network([to_tensor(images[i]).to(self._device) for i in indices])
            for i, detections in zip(indices, _checked(raw, len(indices)), strict=True):
                found[i] = _select(detections, size, min_score, max_objects)
        return found

    def name_classes(self, labels: Sequence[str] | None) -> list[str]:
        """Return the names of all classes, in the order of their numbers.

        Parameters
        ----------
        labels : sequence of str or None
            Names of the classes 1, 2, ..., with or without one for the background before them.

        Returns
        -------
        names : list of str
        """
        if labels is None:
            if self.categories is None:
                count = "an unknown number of" if self.n_classes is None else self.n_classes
                raise ValueError(
                    f"The detector has {count} classes, which are not those of COCO. Name them "
                    "with labels."
                )
            return self.categories
        has_background = len(labels) == self.n_classes or labels[0] == _BACKGROUND
        names = list(labels) if has_background else [_BACKGROUND, *labels]
        if self.n_classes not in (None, len(names)):
            raise ValueError(
                f"labels has {len(labels)} names, and the detector {self.n_classes} classes: the "
                f"background and {self.n_classes - 1} to name."
            )
        return names


def _load(name, weights):
    """Load a network by its name; return it, its number of classes and the published weights."""
    from torchvision import models

    known = models.list_models(module=models.detection)
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3)
        raise BackboneLoadError(
            f"torchvision has no detector {name!r}.{did_you_mean(near)} There are "
            f"{', '.join(known)}."
        )
    published = models.get_model_weights(name).DEFAULT
    if weights is None:
        return _fetch(name, published), len(published.meta["categories"]), published
    tensors = read_weights(weights)
    n_classes = _count_classes(tensors)
    if n_classes is None:
        raise BackboneLoadError(
            f"{str(weights)!r} holds no detector of torchvision: a head that classifies boxes is "
            f"missing. The file has {', '.join(list(tensors)[:3])}, ..."
        )
    network = models.get_model(name, weights=None, weights_backbone=None, num_classes=n_classes)
    load_weights(network, tensors, weights)
    return network, n_classes, published


def _fetch(name, published):
    from torchvision import models

    cached = Path(torch.hub.get_dir(), "checkpoints", Path(published.url).name)
    try:
        check_url(published.url, cached)
        return models.get_model(name, weights=published)
    except Exception as error:
        # No network, a server's refusal, a full disk, an interrupted download.
        raise BackboneLoadError(
            f"{name}: its weights are not in the cache and could not be fetched from "
            f"{published.url} ({type(error).__name__}: {error}). Where there is a network, "
            f"download that file; then put it at {str(cached)!r}, or pass its path as weights. "
            'Without one, detector="efficientnet_lite0" needs no download, and finds less.'
        ) from error


def _count_classes(weights):
    """Count the classes, background included, from the shapes of the head's tensors."""
    for key, bias in weights.items():
        if not _CLASSIFIER.search(key):
            continue
        if key.endswith("cls_score.bias"):
            return len(bias)
        regression = key.replace("classification_head", "regression_head")
        boxes = weights.get(regression.replace("cls_logits", "bbox_reg"))
        # The regression has four rows per anchor.
        return None if boxes is None else 4 * len(bias) // len(boxes)
    return None


def _checked(found, n_images):
    keys = {"boxes", "labels", "scores"}
    if (
        not isinstance(found, list | tuple)
        or len(found) != n_images
        or not all(isinstance(entry, dict) and keys <= entry.keys() for entry in found)
    ):
        raise TypeError(
            'The detector must return a list with a dict of "boxes", "labels" and "scores" for '
            "each image, as those of torchvision do."
        )
    return found


def _select(found, size, min_score, max_objects):
    from torchvision.ops import nms

    boxes, scores, classes = (found[key].cpu() for key in ("boxes", "scores", "labels"))
    boxes = boxes.float().clamp(min=0).minimum(torch.tensor([*size, *size]))
    wide = (boxes[:, 2:] - boxes[:, :2] >= 1).all(dim=1)
    kept = ((scores >= min_score) & wide).nonzero()[:, 0]
    kept = kept[nms(boxes[kept], scores[kept].float(), _SAME_OBJECT)][:max_objects]
    return Detections(
        boxes[kept].double().numpy(),
        scores[kept].double().numpy(),
        classes[kept].long().numpy(),
    )
