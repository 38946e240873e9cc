"""
=============================
Outliers and ambiguous images
=============================

Two different questions. An *outlier* is unlike all other images: ``outlier_scores_`` is high. An
*ambiguous* image lies between two clusters: its highest probability is low.
"""

# %%
# Five scenes and nine outliers
# -----------------------------
import matplotlib.pyplot as plt
import numpy as np
from skimage import data
from skimage.color import gray2rgb
from sklearn.datasets import load_digits, load_sample_images
from sklearn.feature_extraction.image import extract_patches_2d
from sklearn.metrics import roc_auc_score

from skdeepcluster import DeepImageClusterer, ReliabilityDisplay

scenes = [
    load_sample_images().images[1],
    *(data.astronaut(), data.chelsea(), data.coffee(), data.hubble_deep_field()),
]
cuts = [extract_patches_2d(scene, (240, 240), max_patches=40, random_state=0) for scene in scenes]
outliers = [
    *(data.coins(), data.clock(), data.page(), data.text(), data.moon(), data.horse() * 255),
    *(data.rocket(), data.retina(), data.immunohistochemistry()),
]
outliers = [image if image.ndim == 3 else gray2rgb(image) for image in outliers]
images = [*np.concatenate(cuts), *(image.astype(np.uint8) for image in outliers)]

est = DeepImageClusterer(5, image_size=128, random_state=0).fit(images)


def show(indices, titles):
    rows = len(indices) // 6
    _, axes = plt.subplots(rows, 6, figsize=(9, 1.7 * rows), layout="constrained")
    for ax, index, title in zip(axes.flat, indices, titles, strict=True):
        ax.imshow(images[index])
        ax.set_title(title, fontsize=9)
        ax.axis("off")
    plt.show()


# %%
# Outliers
# --------
# The twelve images with the highest scores.
scores = est.outlier_scores_
first = np.argsort(-scores)[:12]
show(first, [f"{scores[index]:.2f}" for index in first])
is_outlier = np.arange(len(images)) >= 5 * 40
print(f"area under the ROC curve: {roc_auc_score(is_outlier, scores):.3f}")

# %%
# Ambiguous images
# ----------------
# The six whose highest probability is lowest, with the two clusters in question.
probabilities = est.probabilities_
least = np.argsort(probabilities.max(axis=1))[:6]
pairs = np.argsort(-probabilities[least], axis=1)[:, :2]
show(
    least,
    [f"{a} or {b}? {probabilities[i, a]:.2f}" for i, (a, b) in zip(least, pairs, strict=True)],
)

# %%
# Are the probabilities calibrated?
# ---------------------------------
# Where classes are known, accuracy can be compared with confidence. Here with the first 490
# handwritten digits of scikit-learn, which are harder than the photographs: on the dotted line both
# are equal, above it the clusterer is underconfident, below it overconfident.
X, y = load_digits(return_X_y=True)
X, y = X[:490], y[:490]
digits = DeepImageClusterer(10, random_state=0).fit(X)
ReliabilityDisplay.from_estimator(digits, X, y, n_bins=5)
plt.show()
