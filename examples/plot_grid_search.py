"""
==============================
Grid search without labels
==============================

``score`` without labels says how well clusters agree with a graph of nearest neighbours (the mean
of modularity and mutual information). So ``GridSearchCV`` can compare settings of a clusterer
like those of a classifier, without known classes.
"""

# %%
# Images
# --------
import tempfile

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from skimage import data
from sklearn.datasets import load_sample_images
from sklearn.feature_extraction.image import extract_patches_2d
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV, KFold

from skdeepcluster import DeepImageClusterer
from skdeepcluster.metrics import clustering_accuracy

scenes = [
    *load_sample_images().images,
    *(data.astronaut(), data.chelsea(), data.coffee(), data.hubble_deep_field()),
]
images = np.concatenate(
    [extract_patches_2d(scene, (200, 200), max_patches=30, random_state=0) for scene in scenes]
)
y = np.repeat(np.arange(len(scenes)), 30)

# %%
# The search
# ----------
# ``memory`` keeps the features: each image is embedded once for each image size, whatever
# else is searched. The images are sorted by scene, so the folds are shuffled. The
# second scorer needs the classes; it evaluates the first.
search = GridSearchCV(
    DeepImageClusterer(memory=tempfile.mkdtemp(), max_iter=10, random_state=0),
    {"n_clusters": [3, 6, 9], "image_size": [32, 96]},
    scoring={
        "score": lambda est, X, y: est.score(X),
        "accuracy": make_scorer(clustering_accuracy),
    },
    refit="score",
    cv=KFold(2, shuffle=True, random_state=0),
).fit(images, y)
print(search.best_params_)

# %%
# The score that was maximised, and the accuracy
# ----------------------------------------------
results = pd.DataFrame(search.cv_results_)
fig, axes = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
for ax, (name, title) in zip(
    axes, [("score", "score, without labels"), ("accuracy", "accuracy, with labels")], strict=True
):
    grid = results.pivot_table(f"mean_test_{name}", "param_image_size", "param_n_clusters")
    ax.imshow(grid, cmap="Blues", vmin=0, vmax=1)
    for (row, column), value in np.ndenumerate(grid.to_numpy()):
        color = "white" if value > 0.6 else "black"
        ax.text(column, row, f"{value:.2f}", ha="center", va="center", color=color)
    ax.set_xticks(range(3), grid.columns)
    ax.set_yticks(range(2), grid.index)
    ax.set(xlabel="n_clusters", ylabel="image_size", title=title)
plt.show()

# %%
# The best is fitted on all images.
best = search.best_estimator_
print(best.cluster_info()[["size", "cohesion"]].round(2))
