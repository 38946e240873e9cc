"""The table of recommended backbones."""

from ._registry import registered_names

# name, features, side, MB of the weights, licence, training, download
_TABLE = [
    ("efficientnet_lite0", 1280, 224, 18, "apache-2.0", "supervised", False),
    ("efficientnet_lite2", 1280, 260, 24, "apache-2.0", "supervised", False),
    (
        "timm:vit_small_patch14_dinov2.lvd142m",
        384,
        518,
        88,
        "apache-2.0",
        "self-supervised",
        True,
    ),
    ("timm:vit_base_patch14_dinov2.lvd142m", 768, 518, 346, "apache-2.0", "self-supervised", True),
    ("timm:vit_small_patch16_224.dino", 384, 224, 87, "apache-2.0", "self-supervised", True),
    ("timm:convnext_tiny.in12k", 768, 224, 178, "apache-2.0", "supervised", True),
    ("torchvision:resnet50/IMAGENET1K_V2", 2048, 224, 98, "bsd-3-clause", "supervised", True),
    ("open_clip:ViT-B-32/laion2b_s34b_b79k", 512, 224, 605, "mit", "image-text", True),
]


def list_backbones():
    """Table of recommended backbones; many more can be named.

    Returns
    -------
    table : pandas.DataFrame
        Index "name"; columns "n_features", "image_size" (the network's own, in pixels), "MB"
        (weights to load), "license" (of the weights), "training" and "download" (whether the
        weights are fetched at the first use). Backbones registered by you follow with what
        is known before they are loaded, which is nothing.
    """
    import pandas as pd

    columns = ["name", "n_features", "image_size", "MB", "license", "training", "download"]
    table = pd.DataFrame(_TABLE, columns=columns).set_index("name")
    own = [name for name in registered_names() if name not in table.index]
    return pd.concat([table, pd.DataFrame(index=own)]) if own else table
