"""Image towers of open_clip."""

import contextlib
import difflib
import logging
from functools import lru_cache
from pathlib import Path
from typing import Any

from . import _hubs
from ._backbone import Backbone, BackboneLoadError, count_features
from ._stages import natural_stages
from ._timm import did_you_mean

_FOLDER = "local-dir:"


def load(model, image_size=None):
    """Load ``"<architecture>/<tag>"``, such as "ViT-B-32/laion2b_s34b_b79k", or ".../<file>".

    ``"hf-hub:<owner>/<repository>"`` is any model on the Hugging Face hub in open_clip's
    format, ``"local-dir:<folder>"`` one in a folder. Only the image tower of the model is kept.
    """
    import open_clip

    clip, license = _create(model, image_size)
    preprocessing = open_clip.get_model_preprocess_cfg(clip)
    size = preprocessing["size"]
    size = size if isinstance(size, int) else size[0]
    network = clip.visual
    if hasattr(network, "output_tokens"):
        # CoCa's towers also return the tokens.
        network.output_tokens = False
    stages = natural_stages(network)
    if hasattr(network, "proj") and "proj" in stages[0]:
        # The output projection is a parameter of the tower itself: listed first, but used last.
        stages[0].remove("proj")
        stages[-1].append("proj")
    return Backbone(
        name=f"open_clip:{model}",
        network=network,
        n_features=count_features(network, size),
        image_size=size,
        mean=tuple(preprocessing["mean"]),
        std=tuple(preprocessing["std"]),
        interpolation=preprocessing["interpolation"],
        stages=stages,
        license=license,
    )


def encode_texts(backbone, texts):
    """Embed texts with the text tower of an open_clip backbone.

    Parameters
    ----------
    backbone : str
        Such as "open_clip:ViT-B-32/laion2b_s34b_b79k".
    texts : list of str

    Returns
    -------
    features : ndarray of shape (n_texts, n_features), float32
        Unit vectors.
    """
    import torch

    model = backbone.removeprefix("open_clip:")
    if model == backbone:
        raise ValueError(
            f"The backbone {backbone!r} has no text encoder. Use one of open_clip, such as "
            '"open_clip:ViT-B-32/laion2b_s34b_b79k".'
        )
    clip, tokenizer = _text_encoder(model)
    with torch.inference_mode():
        chunks = [
            clip.encode_text(tokenizer(texts[start : start + 256]), normalize=True)
            for start in range(0, len(texts), 256)
        ]
    return torch.cat(chunks).numpy()


# The next texts are usually for the same model.
@lru_cache(maxsize=1)
def _text_encoder(model):
    """Load a model and its tokenizer."""
    import open_clip

    clip, _ = _create(model)
    name = model if ":" in model else model.partition("/")[0]
    return clip.eval(), open_clip.get_tokenizer(name)


def _create(model, image_size=None):
    """Load a model with both towers; return it and the license of its weights."""
    import open_clip

    options: dict = {"force_image_size": image_size}
    hub: Any = _hubs.hugging_face
    license = ""
    if model.startswith("hf-hub:"):
        architecture = model
    elif model.startswith(_FOLDER):
        architecture = _FOLDER + _folder(model.removeprefix(_FOLDER))
        hub = contextlib.nullcontext
    else:
        architecture, _, weights = model.partition("/")
        _check_name(architecture, weights)
        options["pretrained"] = weights
        tag = open_clip.get_pretrained_cfg(architecture, weights)
        # For weights that were trained with another activation than the architecture's.
        options["force_quick_gelu"] = bool(tag.get("quick_gelu"))
        if tag:
            license = _license(weights, tag.get("hf_hub", ""))
        else:
            # A local file.
            hub = contextlib.nullcontext
    with hub(), _quiet_root_logger():
        clip = open_clip.create_model(architecture, require_pretrained=True, **options)
    return clip, license


def _license(tag, repository):
    """License of published weights according to their model cards; empty if unknown."""
    if repository.startswith("laion/") or tag in ("openai", "laion400m_e31", "laion400m_e32"):
        return "mit"
    if tag.startswith("metaclip"):
        return "cc-by-nc-4.0"
    return "apache-2.0" if tag == "webli" else ""


def _check_name(architecture, weights):
    import open_clip

    known = open_clip.list_models()
    if architecture not in known:
        near = difflib.get_close_matches(architecture, known, n=3)
        raise BackboneLoadError(
            f"open_clip has no architecture {architecture!r}.{did_you_mean(near)}"
        )
    tags = open_clip.list_pretrained_tags_by_model(architecture)
    if weights not in tags and not Path(weights).is_file():
        raise BackboneLoadError(
            f"open_clip has no weights {weights!r} for {architecture}, and there is no such file. "
            f"Available: {', '.join(tags) or 'none'}."
        )


def _folder(path):
    folder = Path(path).expanduser()
    if not (folder / "open_clip_config.json").is_file():
        raise BackboneLoadError(
            f"{str(folder)!r} is no folder of an open_clip model: it has no open_clip_config.json."
        )
    return str(folder)


@contextlib.contextmanager
def _quiet_root_logger():
    """Keep open_clip from configuring the root logger, which is up to the user."""
    handler = logging.NullHandler()
    logging.root.addHandler(handler)
    try:
        yield
    finally:
        logging.root.removeHandler(handler)
