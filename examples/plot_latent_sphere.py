"""
=======================
The latent space, seen
=======================

Latents are unit vectors, and each cluster has a centroid that is fixed before the training, all as
far apart as possible. With four clusters and three dimensions they are a tetrahedron on a sphere,
which can be drawn.
"""

# %%
# Four clusters in three dimensions
# ---------------------------------
# The default of 100 dimensions gives the clusters more room; three can be drawn.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from skdeepcluster import DeepImageClusterer

X, y = load_digits(n_class=4, return_X_y=True)
est = DeepImageClusterer(4, n_components=3, random_state=0).fit(X)
print("cosines of the centroids:")
print((est.cluster_centers_ @ est.cluster_centers_.T).round(3))

# %%
# Before and after
# ----------------
# An untrained head puts everything in one place; the trained one fills the centroids.
untrained = DeepImageClusterer(4, n_components=3, init="random", max_iter=0, random_state=0).fit(X)

fig = plt.figure(figsize=(9, 4.5), layout="constrained")
angles = np.linspace(0, 2 * np.pi, 60)
circle = np.stack([np.cos(angles), np.sin(angles), np.zeros(60)])
for place, (title, shown) in enumerate({"untrained": untrained, "trained": est}.items()):
    ax = fig.add_subplot(1, 2, 1 + place, projection="3d", title=title)
    for turn in range(3):
        ax.plot(*np.roll(circle, turn, axis=0), color="0.8", linewidth=1)
    ax.scatter(*shown.embedding_.T, c=y, cmap="tab10", vmax=9, s=5, alpha=0.6)
    ax.scatter(*shown.cluster_centers_.T, color="black", marker="*", s=120, depthshade=False)
    ax.set(xlim=(-1, 1), ylim=(-1, 1), zlim=(-1, 1))
    ax.set_box_aspect((1, 1, 1), zoom=1.4)
    ax.set_axis_off()
plt.show()
