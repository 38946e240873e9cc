"""
===============================
Cluster a folder of photographs
===============================

From a folder to clusters, on 3,925 photographs of Imagenette, ten easy classes of
ImageNet. The images are not part of the package: the folder with ``imagenette.zip`` is taken
from the environment variable ``SKDEEPCLUSTER_DATA``, or from ``../shared/data``.
"""

# %%
# The folder
# ----------
# Any folder of image files will do; ``list_images`` makes the list that the estimator takes.
import os
import tempfile
import zipfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import ConfusionMatrixDisplay

from skdeepcluster import (
    ClusterGalleryDisplay,
    DeepImageClusterer,
    LatentMapDisplay,
    TrainingCurveDisplay,
    list_images,
)

data = Path(os.environ.get("SKDEEPCLUSTER_DATA", "../shared/data"))
folder = Path(tempfile.gettempdir()) / "skdeepcluster-imagenette"
if not folder.is_dir():
    with zipfile.ZipFile(data / "imagenette.zip") as archive:
        archive.extractall(folder)
paths = list_images(folder)
print(len(paths), "photographs, the first is", paths[0].name)

# %%
# Clusters
# --------
# With ``memory`` the features are kept: a second run, with other parameters, takes seconds.
est = DeepImageClusterer(
    n_clusters=10, image_size=128, memory=folder.parent / "skdeepcluster-cache", random_state=0
).fit(paths)
print(est.cluster_info()[["size", "cohesion"]].round(3))

# %%
# Gallery
# -------
# The most certain images of each cluster.
ClusterGalleryDisplay.from_estimator(est, paths)
plt.show()

# %%
# Training curves
# ---------------
# Losses and the unsupervised score of each epoch. The score decides when to stop, and which
# epoch is kept.
TrainingCurveDisplay.from_estimator(est)
plt.show()

# %%
# A map of the latent space
# -------------------------
# Each point is a photograph among its nearest neighbours; the gaps between clusters mean little.
LatentMapDisplay.from_predictions(est.embedding_, est.labels_, images=paths, random_state=0)
plt.show()

# %%
# Comparison with the classes
# ---------------------------
# Here the folders are the classes, so the clusters can be evaluated. The columns are ordered so
# that each cluster is at the class it holds most of.
classes = np.array([path.parent.name for path in paths])
print(f"clustering accuracy: {est.score(paths, classes):.3f}")
names, y = np.unique(classes, return_inverse=True)
counts = np.zeros((len(names), len(est.cluster_centers_)), dtype=int)
np.add.at(counts, (y, est.labels_), 1)
order = np.argsort(counts.argmax(axis=0), kind="stable")
ConfusionMatrixDisplay(counts[:, order]).plot(colorbar=False)
plt.ylabel("class")
plt.xlabel("cluster")
plt.show()
