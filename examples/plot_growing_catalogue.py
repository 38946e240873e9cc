"""
=======================================================
From a folder to a kept, corrected, growing catalogue
=======================================================

A folder of images is clustered, its clusters get names, mistakes are corrected, and all of it is
saved. Later there are more images in the folder, some of a kind that was not there before: the
saved clusters take them in. The command does the same (``cluster``, ``refine``, ``update``).
"""

# %%
# A folder
# --------
# Crops of five photographs stand for the images of a folder.
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image
from skimage import data
from sklearn.datasets import load_sample_images
from sklearn.feature_extraction.image import extract_patches_2d

from skdeepcluster import ClusterGalleryDisplay, DeepImageClusterer, list_images
from skdeepcluster.corrections import Corrections, refine
from skdeepcluster.report import write_report

folder = Path(tempfile.mkdtemp())
photos = folder / "photos"
photos.mkdir()


def add_crops(subject, photograph, number, random_state):
    crops = extract_patches_2d(
        photograph, (200, 200), max_patches=number, random_state=random_state
    )
    for index, crop in enumerate(crops):
        Image.fromarray(crop).save(photos / f"{subject}-{random_state}-{index:02}.jpg", quality=90)


temple, flower = load_sample_images().images
subjects = {
    "temple": temple,
    "flower": flower,
    "astronaut": data.astronaut(),
    "cat": data.chelsea(),
    "coffee": data.coffee(),
}
for subject, photograph in subjects.items():
    add_crops(subject, photograph, 24, random_state=0)

# %%
# Clusters with names
# -------------------
# ``memory`` keeps the features, so that nothing is embedded twice. Names are what the classifier of
# the default network recognizes; a cluster of which it knows nothing keeps its number.
paths = list_images(photos)
est = DeepImageClusterer(5, image_size=96, n_views=1, memory=folder / "cache", random_state=0)
est.fit(paths)
print(est.describe_clusters()[["name", "confidence"]].round(2))
ClusterGalleryDisplay.from_estimator(est, paths)
plt.show()

# %%
# Corrected
# ---------
# On the report page corrections are made by hand and saved as ``corrections.json``. Here the names
# of the files tell what they show: each cluster is named after most of its images, and the images
# that are elsewhere are moved, from which the clusterer learns.
kinds = np.array([path.name.split("-")[0] for path in paths])
home = {
    subject: int(np.bincount(est.labels_[kinds == subject], minlength=5).argmax())
    for subject in subjects
}
moved = {
    str(path): home[kind]
    for path, kind, label in zip(paths, kinds, est.labels_, strict=True)
    if label != home[kind]
}
names = {label: subject for subject, label in home.items()}
print(f"{len(moved)} images are moved")
est = refine(est, Corrections(names=names, moved=moved))
print(est.cluster_info()[["name", "size"]])

# %%
# Kept
# ----
# The folder of the model holds JSON and safetensors. What is loaded from it is as it was saved: the
# clusters, their names, and what is remembered of the images.
est.save(folder / "model")
est = DeepImageClusterer.load(folder / "model").set_params(memory=folder / "cache")

# %%
# More images
# -----------
# Some are like those that are known, and some show what was not there before: galaxies. Only the
# new ones are passed to ``update``, and only they are embedded. The table says what became of each
# cluster.
for subject in ("cat", "coffee"):
    add_crops(subject, subjects[subject], 6, random_state=1)
add_crops("galaxies", data.hubble_deep_field(), 24, random_state=0)
known = set(paths)
new = [path for path in list_images(photos) if path not in known]
table = est.update(new)
print(table[["name", "state", "size", "added", "joined", "left"]])

# %%
# Old images have kept their labels, the new ones follow. Each row begins with a cluster's most
# typical images.
all_paths = paths + new
ClusterGalleryDisplay.from_estimator(est, all_paths)
plt.show()

# %%
# A page
# ------
# One HTML file to look at and to correct the next mistakes on.
est.set_cluster_names({label: "galaxies" for label in table.index[table["state"] == "new"]})
write_report(est, all_paths, folder / "report.html", title="A catalogue")
print(f"{(folder / 'report.html').stat().st_size / 1e6:.1f} MB")
est.save(folder / "model")
