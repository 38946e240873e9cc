"""Backbones of torchvision."""

import difflib

from torch import nn

from ._backbone import Backbone, BackboneLoadError, count_features, top_level_stages

# Where torchvision's classifiers sit, outermost first.
_CLASSIFIERS = ("fc", "classifier", "head", "heads")


def load(model, image_size=None):
    """Load ``"<model>/<weights>"``, such as "resnet50/IMAGENET1K_V2"."""
    from torchvision import models

    name, _, weights_name = model.partition("/")
    known = models.list_models(module=models)
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3)
        raise BackboneLoadError(
            f"torchvision has no classification model {name!r}."
            + (f" Did you mean {' or '.join(map(repr, near))}?" if near else "")
        )
    choices = models.get_model_weights(name)
    try:
        weights = choices[weights_name or "DEFAULT"]
    except KeyError:
        raise BackboneLoadError(
            f"torchvision has no weights {weights_name!r} for {name}; there are "
            f"{', '.join(choices.__members__)}."
        ) from None
    preset = weights.transforms()
    size = image_size or preset.crop_size[0]
    if name.startswith("vit_") and size != preset.crop_size[0]:
        raise BackboneLoadError(
            f"torchvision's {name} takes pictures of {preset.crop_size[0]} pixels only, not "
            f"{size}. timm's transformers take any size: 'timm:...'."
        )
    network = without_classifier(models.get_model(name, weights=weights))
    return Backbone(
        name=f"torchvision:{model}",
        network=network,
        n_features=count_features(network.eval(), size),
        image_size=size,
        mean=tuple(preset.mean),
        std=tuple(preset.std),
        crop_fraction=preset.crop_size[0] / preset.resize_size[0],
        interpolation=preset.interpolation.value,
        stages=top_level_stages(network),
        license="bsd-3-clause",
    )


def without_classifier(network):
    """Replace the classifier of a torchvision network by the identity."""
    for name in _CLASSIFIERS:
        if not hasattr(network, name):
            continue
        classifier = getattr(network, name)
        if isinstance(classifier, nn.Sequential):
            # What stands before the first linear layer (norm, flatten) belongs to the features.
            kept = []
            for layer in classifier:
                if isinstance(layer, nn.Linear):
                    break
                kept.append(layer)
            setattr(network, name, nn.Sequential(*kept))
        else:
            setattr(network, name, nn.Identity())
        return network
    return network
