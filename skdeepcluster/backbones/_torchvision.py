"""Backbones of torchvision."""

import difflib
from pathlib import Path

import torch
from torch import nn

from . import _hubs
from ._architecture import usual_preprocessing
from ._backbone import Backbone, BackboneLoadError, count_features
from ._checkpoint import read_weights
from ._loading import load_weights
from ._timm import did_you_mean

# Names of the classifier in torchvision's networks.
_CLASSIFIERS = ("fc", "classifier", "head", "heads")


def load(model, image_size=None):
    """Load ``"<model>/<weights>"``, such as "resnet50/IMAGENET1K_V2", or ``"<model>/<file>"``."""
    from torchvision import models

    name, _, weights_name = model.partition("/")
    known = models.list_models(module=models)
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3)
        raise BackboneLoadError(
            f"torchvision has no classification model {name!r}.{did_you_mean(near)}"
        )
    choices = models.get_model_weights(name)
    file = Path(weights_name).expanduser()
    is_file = weights_name not in choices.__members__ and file.is_file()
    if weights_name and weights_name not in choices.__members__ and not is_file:
        raise BackboneLoadError(
            f"torchvision has no weights {weights_name!r} for {name}, and there is no such file. "
            f"Available: {', '.join(choices.__members__)}."
        )
    weights = choices["DEFAULT" if is_file or not weights_name else weights_name]
    preset = weights.transforms()
    (own_size,) = preset.crop_size
    size = image_size or own_size
    if name.startswith("vit_") and size != own_size:
        raise BackboneLoadError(
            f"torchvision's {name} only accepts images of {own_size} pixels, not {size}. "
            "Transformers of timm accept other sizes: 'timm:...'."
        )
    if is_file:
        network = models.get_model(name)
        remove_classifier(network)
        load_weights(network, read_weights(file, rename=False), file)
        return Backbone(
            name=f"torchvision:{model}",
            network=network,
            n_features=count_features(network, size),
            image_size=size,
            **usual_preprocessing(preset.interpolation.value),
        )
    cached = Path(torch.hub.get_dir(), "checkpoints", Path(weights.url).name)
    _hubs.check_url(weights.url, cached)
    network = models.get_model(name, weights=weights)
    remove_classifier(network)
    return Backbone(
        name=f"torchvision:{model}",
        network=network,
        n_features=count_features(network, size),
        image_size=size,
        mean=tuple(preset.mean),
        std=tuple(preset.std),
        crop_fraction=own_size / preset.resize_size[0],
        interpolation=preset.interpolation.value,
        # The weights of SWAG have another license.
        license="cc-by-nc-4.0" if "SWAG" in weights.meta.get("license", "") else "bsd-3-clause",
    )


def remove_classifier(network):
    """Replace the last layer of a torchvision network's classifier by the identity."""
    name = next(name for name in _CLASSIFIERS if hasattr(network, name))
    classifier = getattr(network, name)
    if not isinstance(classifier, nn.Sequential):
        setattr(network, name, nn.Identity())
        return
    # The layers before it, if any, belong to the features.
    last = max(
        position
        for position, layer in enumerate(classifier)
        if isinstance(layer, nn.Linear | nn.Conv2d)
    )
    classifier[last] = nn.Identity()
