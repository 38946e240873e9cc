"""
==============================
Name, merge and split clusters
==============================

Clusters are seldom exactly what one had in mind. Here two that mean the same are merged, one that
holds two things is split, all get names, and new images are assigned accordingly.
"""

# %%
# More clusters than subjects
# ---------------------------
# Crops of six photographs, and eight clusters.
import matplotlib.pyplot as plt
import numpy as np
from skimage import data
from sklearn.datasets import load_sample_images
from sklearn.feature_extraction.image import extract_patches_2d

from skdeepcluster import ClusterGalleryDisplay, DeepImageClusterer

scenes = [
    *load_sample_images().images,
    *(data.astronaut(), data.chelsea(), data.coffee(), data.hubble_deep_field()),
]
images = np.concatenate(
    [extract_patches_2d(scene, (200, 200), max_patches=24, random_state=0) for scene in scenes]
)
est = DeepImageClusterer(8, image_size=96, random_state=0).fit(images)
ClusterGalleryDisplay.from_estimator(est, images)
plt.show()

# %%
# Names
# -----
# A ``namer`` is any function of a cluster's most typical images; here of their colour and
# lightness. Without one, the default network says what it recognizes, and an open_clip backbone
# chooses among words of yours: ``describe_clusters(["a cat", "a cup", "a flower"])``.


def look(images):
    red, green, blue = np.mean([np.mean(image, axis=(0, 1)) for image in images], axis=0)
    light = "bright" if red + green + blue > 300 else "dark"
    tone = "warm" if red > blue + 30 else "cold" if blue > red + 15 else "neutral"
    return f"{light}, {tone}"


print(est.describe_clusters(namer=look, X=images))

# %%
# Merge
# -----
# Rows that show the same subject are merged. Usually you would look; here the position in the list
# says which photograph a cluster's most typical image is a crop of. Names are joined, and
# ``predict`` uses the merged clusters. (``reduce_clusters`` merges the most similar
# ones by itself.)
shown = np.array([typical[0] // 24 for typical in est.representative_indices_])
same = [np.flatnonzero(shown == photograph).tolist() for photograph in range(len(scenes))]
est.merge_clusters([group for group in same if len(group) > 1])
print(est.cluster_info()[["size", "cohesion", "name"]].round(2))
ClusterGalleryDisplay.from_estimator(est, images)
plt.show()

# %%
# Split
# -----
# Here four clusters for six photographs. The largest is clustered once more on its own; new images
# that are assigned to it can be passed to the second estimator.
few = DeepImageClusterer(4, image_size=96, random_state=0).fit(images)
wide = int(few.cluster_info()["size"].argmax())
members = np.flatnonzero(few.labels_ == wide)
parts = DeepImageClusterer("auto", max_clusters=6, image_size=96, random_state=0)
parts.fit(images[members])
labels = few.labels_.copy()
labels[members] = np.where(parts.labels_ == 0, wide, few.n_clusters_ - 1 + parts.labels_)
print(f"cluster {wide}, of {len(members)} images, becomes {parts.n_clusters_}")
ClusterGalleryDisplay.from_predictions(images, labels)
plt.show()
