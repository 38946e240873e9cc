"""
=======================
How many clusters?
=======================

``n_clusters="auto"`` tries many numbers and takes the one at which the images fall apart most
clearly. The criterion of every number is kept: its curve says how sure that is.
"""

# %%
# Images
# --------
# Two dozen random cut-outs of each of eight photographs.
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
# The number, and how clear it is
# -------------------------------
# The product of silhouette and modularity is highest near the number that is taken.
est = DeepImageClusterer("auto", max_clusters=30, image_size=96, random_state=0).fit(images)


def plot_criterion(est):
    _, ax = plt.subplots(figsize=(6, 3.5), layout="constrained")
    ax.plot(*zip(*est.n_clusters_criterion_.items(), strict=True), marker="o", markersize=3)
    ax.axvline(est.n_clusters_, color="gray", linestyle=":")
    ax.set(xlabel="number of clusters", ylabel="criterion", title=f"found: {est.n_clusters_}")
    plt.show()


plot_criterion(est)

# %%
# A look decides better than any curve.
ClusterGalleryDisplay.from_estimator(est, images, n_pictures=10)
plt.show()

# %%
# Where the top is flat
# ---------------------
# Handwritten digits of scikit-learn. Several numbers are nearly as good as the one that is taken:
# the features do not decide. Then take the number that the use asks for, or one that is rather too
# large: clusters are merged afterwards without another fit.
X = load_digits().data[:490]
digits = DeepImageClusterer("auto", max_clusters=30, random_state=0).fit(X)
plot_criterion(digits)
