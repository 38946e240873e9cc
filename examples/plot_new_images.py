"""
=================================
Assign new images to the clusters
=================================

A fitted clusterer is saved, loaded, and assigns images that it has never seen to its clusters, each
with a probability.
"""

# %%
# Images
# --------
# Random crops of five photographs: the first set is clustered, the second is new.
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from skimage import data
from sklearn.datasets import load_sample_images
from sklearn.feature_extraction.image import extract_patches_2d

from skdeepcluster import DeepImageClusterer

scenes = [*load_sample_images().images, data.astronaut(), data.chelsea(), data.coffee()]


def cut_outs(number, random_state):
    return np.concatenate(
        [extract_patches_2d(scene, (200, 200), max_patches=number, random_state=random_state)
         for scene in scenes]
    )  # fmt: skip


known, new = cut_outs(24, random_state=0), cut_outs(3, random_state=1)

# %%
# Fit and save
# ------------
# The folder holds JSON and safetensors: loading it executes no code, so it can be shared.
folder = Path(tempfile.mkdtemp()) / "model"
est = DeepImageClusterer(5, image_size=96, random_state=0).fit(known)
est.save(folder)
print(*sorted(path.name for path in folder.iterdir()))

# %%
# Load and predict
# ----------------
loaded = DeepImageClusterer.load(folder)
table = pd.DataFrame(
    {"cluster": loaded.predict(new), "probability": loaded.predict_proba(new).max(axis=1)}
)
print(table.round(2).to_string())

# %%
# Each row begins with a cluster's most typical image, followed by the new images assigned to it.
size = table["cluster"].value_counts().max()
fig, axes = plt.subplots(5, 1 + size, figsize=(2 * (1 + size), 10), layout="constrained")
for ax in axes.flat:
    ax.axis("off")
for cluster, row in enumerate(axes):
    row[0].imshow(known[est.representative_indices_[cluster][0]])
    row[0].set_title(f"cluster {cluster}")
    for ax, (index, image) in zip(
        row[1:], table[table["cluster"] == cluster].iterrows(), strict=False
    ):
        ax.imshow(new[index])
        ax.set_title(f"{image['probability']:.2f}", color="tab:blue")
plt.show()
