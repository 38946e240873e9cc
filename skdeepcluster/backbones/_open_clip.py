"""Image towers of open_clip."""

from pathlib import Path

from ._backbone import Backbone, BackboneLoadError, count_features, top_level_stages


def load(model, image_size=None):
    """Load ``"<architecture>/<tag>"``, such as "ViT-B-32/laion2b_s34b_b79k", or ".../<file>"."""
    import open_clip

    architecture, _, tag = model.partition("/")
    if architecture not in open_clip.list_models():
        raise BackboneLoadError(
            f"open_clip has no architecture {architecture!r}; open_clip.list_models() lists them."
        )
    tags = open_clip.list_pretrained_tags_by_model(architecture)
    if not tag or (tag not in tags and not Path(tag).is_file()):
        raise BackboneLoadError(
            f"open_clip has no weights {tag!r} for {architecture}; there are "
            f"{', '.join(tags) or 'none'}, or the path of a file."
        )
    clip = open_clip.create_model(architecture, pretrained=tag, force_image_size=image_size)
    preprocessing = open_clip.get_model_preprocess_cfg(clip)
    size = preprocessing["size"]
    size = size if isinstance(size, int) else size[0]
    # The text tower is not needed.
    network = clip.visual.eval()
    return Backbone(
        name=f"open_clip:{model}",
        network=network,
        n_features=count_features(network, size),
        image_size=size,
        mean=tuple(preprocessing["mean"]),
        std=tuple(preprocessing["std"]),
        interpolation=preprocessing["interpolation"],
        stages=top_level_stages(network),
        # A model card has it; the laion and openai weights are MIT.
        license="mit" if tag.startswith(("laion", "openai")) else "",
    )
