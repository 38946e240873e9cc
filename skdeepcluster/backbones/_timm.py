"""Backbones of timm, by name or with weights from a file."""

import difflib
import warnings
from typing import Any

import torch

from . import _hubs
from ._architecture import infer
from ._backbone import Backbone, BackboneLoadError, count_features
from ._checkpoint import read_checkpoint
from ._loading import load_weights
from ._stages import timm_stages

# Names that timm resolves itself.
_HUB_NAMES = ("hf-hub:", "hf_hub:", "local-dir:")


def create(name, image_size=None, *, pretrained=False, **options) -> Any:
    """Create a timm network without its classifier, for images of any size."""
    import timm

    if not name.startswith(_HUB_NAMES):
        _check_name(name, pretrained)
    options = {"num_classes": 0, **options, "pretrained": pretrained}
    if image_size is not None:
        try:
            # Transformers are built for one size, to which their position embedding is resampled.
            return timm.create_model(name, img_size=image_size, **options)
        except TypeError as error:
            if "img_size" not in str(error):
                raise
    return timm.create_model(name, **options)


def _check_name(name, pretrained):
    import timm

    model, _, tag = name.partition(".")
    if not timm.is_model(model):
        near = difflib.get_close_matches(model, timm.list_models(), n=3)
        raise BackboneLoadError(f"timm has no model {model!r}.{did_you_mean(near)}")
    tags = [known.partition(".")[2] for known in timm.list_pretrained(f"{model}.*")]
    if pretrained and not tags:
        raise BackboneLoadError(
            f"timm has no weights for {model!r}. Pass a file: 'timm:{model}/<file>'."
        )
    if tag and tag not in tags:
        raise BackboneLoadError(
            f"timm has no weights {tag!r} for {model!r}. Available: {', '.join(tags) or 'none'}."
        )


def did_you_mean(names):
    """Suggest names, if any."""
    return f" Did you mean {' or '.join(map(repr, names))}?" if names else ""


def as_backbone(network, name, image_size=None, **overrides):
    """Wrap a timm network; values of its configuration can be overridden."""
    from timm.data import resolve_model_data_config

    config = resolve_model_data_config(network)
    size = image_size or config["input_size"][-1]
    _warn_of_unseen(network, size)
    known = dict(
        mean=tuple(config["mean"]),
        std=tuple(config["std"]),
        crop_fraction=config["crop_pct"],
        interpolation=config["interpolation"],
        license=network.pretrained_cfg.get("license") or "",
    )
    return Backbone(
        name=name,
        network=network,
        n_features=count_features(network, size),
        image_size=size,
        stages=timm_stages(network),
        **{**known, **overrides},
    )


def _warn_of_unseen(network, size):
    """Warn of a size that patches do not cover: the pixels beyond the last one are not seen."""
    from timm.layers import PatchEmbed

    patches = getattr(network, "patch_embed", None)
    if not isinstance(patches, PatchEmbed) or patches.dynamic_img_pad:
        return
    side = patches.patch_size[0]
    unseen = size % side
    if unseen and unseen < size:
        warnings.warn(
            f"The network sees patches of {side} pixels. Of images of {size} pixels it does not "
            f"see the last {unseen} rows and columns. With image_size={size - unseen} or "
            f"{size - unseen + side} it sees all.",
            stacklevel=2,
        )


def load(model, image_size=None, **options):
    """Load ``"<model>.<tag>"`` from timm's hub, or ``"<model>/<weights file>"``.

    ``"hf-hub:<owner>/<repository>"`` is any model on the Hugging Face hub in timm's format,
    ``"local-dir:<folder>"`` one in a folder.
    """
    name, slash, file = model.partition("/")
    if slash and not model.startswith(_HUB_NAMES):
        return _load_file(name, file, image_size, options)
    if not model.startswith(_HUB_NAMES):
        _check_name(model, pretrained=True)
    with _hubs.hugging_face():
        network = create(model, image_size, pretrained=True, **options)
        if options:
            _check_layers(network, create(model, image_size), model, options)
    return as_backbone(network, f"timm:{model}", image_size)


def _check_layers(network, plain, model, options):
    """Refuse options that give the network layers for which there are no weights."""
    new = network.state_dict().keys() - plain.state_dict().keys()
    if new:
        raise BackboneLoadError(
            f"With {options}, {model} has layers that its weights do not have: "
            f"{', '.join(sorted(new))}. Use the model without the option."
        )


def _load_file(name, file, image_size, options):
    network = create(name, image_size, **options)
    checkpoint = read_checkpoint(file)
    prefix = load_weights(network, checkpoint.weights, file)
    inferred = infer(checkpoint, prefix)
    preprocessing = {}
    if inferred is not None and _is_built_alike(network, inferred.name):
        _check_heads(network, inferred.heads, name, file, options)
        if "." not in name:
            # A tag tells how its weights were trained; without one, the same file has the same
            # preprocessing with a name and without.
            preprocessing = inferred.preprocessing
    # Without the license, which is that of timm's own weights.
    return as_backbone(
        network, f"timm:{name}/{file}", image_size, **{**preprocessing, "license": ""}
    )


def _is_built_alike(network, name):
    import timm

    return type(network).__module__ == timm.model_entrypoint(name).__module__


def _check_heads(network, heads, name, file, options):
    """Refuse a model whose attention is not that of the network in the file."""
    if heads is None or not heads.certain or "num_heads" in options:
        return
    own, (found,) = network.blocks[0].attn.num_heads, heads.choices
    if own != found:
        raise BackboneLoadError(
            f"{name} has {own} attention heads, but the network in {str(file)!r} has {found}: "
            f"{heads.reason}. Use 'timm:{name}/{file},num_heads={found}', or the path alone."
        )


def load_untrained(name, image_size=None):
    """Create a network with random weights, the same every time, for tests."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        network = create(name, image_size)
    return as_backbone(network, f"untrained:{name}", image_size, license="")
