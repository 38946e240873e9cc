"""
==========================================
Images in a pipeline of scikit-learn
==========================================

``ImageEmbedder`` is the first half of ``DeepImageClusterer`` alone: a transformer from images to
features. Any scikit-learn estimator can follow it.
"""

# %%
# Images
# --------
import matplotlib.pyplot as plt
import numpy as np
from skimage import data
from sklearn.cluster import KMeans
from sklearn.datasets import load_sample_images
from sklearn.decomposition import PCA
from sklearn.feature_extraction.image import extract_patches_2d
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer

from skdeepcluster import DeepImageClusterer, ImageEmbedder
from skdeepcluster.metrics import clustering_accuracy

names = ["pagoda", "dahlia", "astronaut", "cat", "coffee"]
scenes = [*load_sample_images().images, data.astronaut(), data.chelsea(), data.coffee()]
images = np.concatenate(
    [extract_patches_2d(scene, (150, 150), max_patches=30, random_state=0) for scene in scenes]
)
y = np.repeat(names, 30)

# %%
# k-means
# -------
# Features of unit length, their principal components, k-means: the baseline.
k_means = make_pipeline(
    ImageEmbedder(image_size=96), Normalizer(), PCA(32), KMeans(5, n_init=10, random_state=0)
)
labels = k_means.fit_predict(images)
print(f"clustering accuracy: {clustering_accuracy(y, labels):.3f}")

# %%
# ``DeepImageClusterer`` takes the place of the last two, or three, steps.
pipeline = make_pipeline(ImageEmbedder(image_size=96), DeepImageClusterer(5, random_state=0))
print(f"clustering accuracy: {clustering_accuracy(y, pipeline.fit_predict(images)):.3f}")

# %%
# The steps can be used one by one. The first two components of the features, with the clusters of
# k-means:
components = k_means[:-1].transform(images)
fig, ax = plt.subplots(figsize=(6, 4.5), layout="constrained")
for name, marker in zip(names, "osD^v", strict=True):
    own = y == name
    ax.scatter(*components[own, :2].T, c=labels[own], marker=marker, cmap="tab10", vmin=0, vmax=9)
    ax.plot([], [], marker, color="gray", label=name)
ax.set(xlabel="first component", ylabel="second component", title="shape: scene, colour: cluster")
ax.legend(loc="lower right")
plt.show()

# %%
# A classifier
# ------------
# With a few labels the same features make a classifier. The images are embedded once.
features = ImageEmbedder(image_size=96).fit_transform(images)
accuracy = cross_val_score(LogisticRegression(max_iter=1000), features, y, cv=5)
print(f"features of shape {features.shape}, accuracy {accuracy.mean():.3f}")
