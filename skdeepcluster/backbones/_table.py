"""The table of recommended backbones."""

from typing import TYPE_CHECKING

from ._registry import registered_names

if TYPE_CHECKING:
    import pandas as pd

# name, features, side, MB (10^6 bytes to download; for open_clip with the text tower), license,
# training, download
_TABLE = [
    ("efficientnet_lite0", 1280, 224, 19, "apache-2.0", "supervised", False),
    ("efficientnet_lite2", 1280, 260, 25, "apache-2.0", "supervised", False),
    ("timm:resnet50.a1_in1k", 2048, 224, 102, "apache-2.0", "supervised", True),
    ("timm:convnext_tiny.in12k", 768, 224, 148, "apache-2.0", "supervised", True),
    ("timm:vit_small_patch16_224.dino", 384, 224, 87, "apache-2.0", "self-supervised", True),
    ("timm:vit_small_patch14_dinov2.lvd142m", 384, 518, 88, "apache-2.0", "self-supervised", True),
    ("timm:vit_base_patch14_dinov2.lvd142m", 768, 518, 346, "apache-2.0", "self-supervised", True),
    (
        "timm:vit_small_patch16_dinov3.lvd1689m",
        384,
        256,
        86,
        "dinov3-license",
        "self-supervised",
        True,
    ),
    (
        "timm:convnext_tiny.dinov3_lvd1689m",
        768,
        224,
        111,
        "dinov3-license",
        "self-supervised",
        True,
    ),
    ("torchvision:resnet50/IMAGENET1K_V2", 2048, 224, 103, "bsd-3-clause", "supervised", True),
    ("open_clip:ViT-B-32/laion2b_s34b_b79k", 512, 224, 605, "mit", "image-text", True),
    ("open_clip:ViT-B-16/datacomp_xl_s13b_b90k", 512, 224, 598, "mit", "image-text", True),
]


def list_backbones() -> "pd.DataFrame":
    """List recommended backbones.

    Many more are available, see :func:`~skdeepcluster.backbones.load_backbone`.

    Returns
    -------
    table : pandas.DataFrame
        Index "name"; columns "family", "n_features", "image_size" (the network's own, in
        pixels), "MB" (of the weights), "license" (of the weights), "training" ("supervised",
        "self-supervised" or "image-text") and "download" (whether the weights are downloaded at
        first use). Registered backbones come last, with missing values, since nothing else is
        known before they are loaded.
    """
    import pandas as pd

    columns = ["name", "n_features", "image_size", "MB", "license", "training", "download"]
    table = pd.DataFrame(_TABLE, columns=columns).set_index("name")
    table = table.reindex([*table.index, *registered_names()])
    families = [name.partition(":")[0] if ":" in name else "packaged" for name in table.index]
    families[len(_TABLE) :] = ["registered"] * (len(table) - len(_TABLE))
    table.insert(0, "family", families)
    whole_numbers = dict.fromkeys(["n_features", "image_size", "MB"], "Int64")
    return table.astype({**whole_numbers, "download": "boolean"})
