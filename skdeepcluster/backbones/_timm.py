"""Backbones of timm, by name or with weights from a file."""

from ._backbone import Backbone, BackboneLoadError


def create(name, image_size=None, *, pretrained=False):
    """Create a timm network without its classifier, for pictures of any size."""
    import timm

    if not timm.is_model(name.split(".")[0]):
        import difflib

        near = difflib.get_close_matches(name.split(".")[0], timm.list_models(), n=3)
        raise BackboneLoadError(
            f"timm has no model {name!r}."
            + (f" Did you mean {' or '.join(map(repr, near))}?" if near else "")
        )
    options = {"pretrained": pretrained, "num_classes": 0}
    try:
        # Transformers are built for one size and must be told another.
        return (
            timm.create_model(name, img_size=image_size, **options)
            if image_size
            else (timm.create_model(name, **options))
        )
    except TypeError as error:
        if "img_size" not in str(error):
            raise
        return timm.create_model(name, **options)


def as_backbone(network, name, image_size=None, **overrides):
    """Wrap a timm network; what its configuration says can be overridden."""
    from timm.data import resolve_model_data_config
    from timm.models import group_parameters

    config = resolve_model_data_config(network)
    groups = group_parameters(network, network.group_matcher(coarse=True))
    known = dict(
        # Some networks end in a hidden layer that is wider than their last stage.
        n_features=getattr(network, "head_hidden_size", None) or network.num_features,
        image_size=image_size or config["input_size"][-1],
        mean=tuple(config["mean"]),
        std=tuple(config["std"]),
        crop_fraction=config["crop_pct"],
        interpolation=config["interpolation"],
        license=network.pretrained_cfg.get("license") or "",
    )
    return Backbone(
        name=name,
        network=network,
        stages=[list(groups[key]) for key in sorted(groups)],
        **{**known, **overrides},
    )


def load(model, image_size=None):
    """Load ``"<model>.<tag>"`` from timm's hub, or ``"<model>/<file of weights>"``."""
    from pathlib import Path

    from ._checkpoint import load_into, read_weights

    name, _, weights = model.partition("/")
    if weights:
        network = create(name, image_size)
        load_into(network, read_weights(Path(weights)), weights)
    else:
        network = create(name, image_size, pretrained=True)
    return as_backbone(network, f"timm:{model}", image_size)


def load_untrained(name, image_size=None):
    """Create a network with random weights, the same every time. For tests."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return as_backbone(create(name, image_size), f"untrained:{name}", image_size)
