"""
=======================
How many clusters?
=======================

``n_clusters="auto"`` tries many numbers and takes the one that separates the images most clearly.
The criterion of every number is kept: its curve shows how certain the choice is.
"""

# %%
# Images
# --------
# Two dozen random crops of each of eight photographs.
import matplotlib.pyplot as plt
import numpy as np
from skimage import data
from skimage.color import gray2rgb
from sklearn.datasets import load_digits, load_sample_images
from sklearn.feature_extraction.image import extract_patches_2d

from skdeepcluster import ClusterGalleryDisplay, DeepImageClusterer

scenes = [
    *load_sample_images().images,
    *(data.astronaut(), data.chelsea(), data.coffee(), data.hubble_deep_field()),
    *(gray2rgb(data.brick()), gray2rgb(data.grass())),
]
images = np.concatenate(
    [extract_patches_2d(scene, (200, 200), max_patches=24, random_state=0) for scene in scenes]
)

# %%
# The number and its criterion
# ----------------------------
# The product of silhouette and modularity has its maximum near the number that is chosen.
est = DeepImageClusterer("auto", max_clusters=30, image_size=96, random_state=0).fit(images)


def plot_criterion(est):
    _, ax = plt.subplots(figsize=(6, 3.5), layout="constrained")
    ax.plot(*zip(*est.n_clusters_criterion_.items(), strict=True), marker="o", markersize=3)
    ax.axvline(est.n_clusters_, color="gray", linestyle=":")
    ax.set(xlabel="number of clusters", ylabel="criterion", title=f"found: {est.n_clusters_}")
    plt.show()


plot_criterion(est)

# %%
# Looking at the images decides better than any curve.
ClusterGalleryDisplay.from_estimator(est, images, n_pictures=10)
plt.show()

# %%
# A flat maximum
# --------------
# Handwritten digits of scikit-learn. Several numbers are nearly as good as the one that is chosen:
# the features do not decide. Then use the number that your application needs, or one that is
# slightly too large: clusters can be merged afterwards without another fit.
X = load_digits().data[:490]
digits = DeepImageClusterer("auto", max_clusters=30, random_state=0).fit(X)
plot_criterion(digits)
