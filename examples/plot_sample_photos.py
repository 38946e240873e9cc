"""
=========================================
Sort snapshots by what they were taken of
=========================================

scikit-image and scikit-learn come with a few photographs. Here each is the scene of two dozen
"snapshots", random crops of it; the snapshots are written to a folder as JPEG files and
clustered. Nothing is downloaded: the weights of the network come with a Python package.
"""

# %%
# The snapshots
# -------------
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data
from sklearn.datasets import load_sample_images

from skdeepcluster import DeepImageClusterer, list_images
from skdeepcluster.displays import ClusterGalleryDisplay
from skdeepcluster.metrics import clustering_accuracy
from skdeepcluster.report import write_report

scenes = {
    "astronaut": data.astronaut(),
    "bricks": data.brick(),
    "cat": data.chelsea(),
    "coffee": data.coffee(),
    "galaxies": data.hubble_deep_field(),
    "grass": data.grass(),
    "pagoda": load_sample_images().images[0],
    "dahlia": load_sample_images().images[1],
}
result = Path("sample_photos_result")
folder = result / "photos"
folder.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(0)
for name, scene in scenes.items():
    image = Image.fromarray(scene).convert("RGB")
    for number in range(24):
        side = int(min(image.size) * rng.uniform(0.45, 0.75))
        left = int(rng.integers(image.width - side + 1))
        top = int(rng.integers(image.height - side + 1))
        snapshot = image.crop((left, top, left + side, top + side)).resize((224, 224))
        snapshot.save(folder / f"{name}-{number:02}.jpg")

# %%
# Clusters
# --------
paths = list_images(folder)
est = DeepImageClusterer(n_clusters=len(scenes), random_state=0, verbose=1).fit(paths)
print(est.cluster_info()[["size", "cohesion"]].round(3))

# %%
# The file names contain the scene of each snapshot, so the clusters can be evaluated.
y = [path.name.split("-")[0] for path in paths]
print(f"clustering accuracy: {clustering_accuracy(y, est.labels_):.3f}")

# %%
# Gallery
# -------
display = ClusterGalleryDisplay.from_estimator(est, paths)
display.figure_.savefig(result / "clusters.png", dpi=100)
print(f"image of the clusters: {result / 'clusters.png'}", file=sys.stderr)

# %%
# Report
# ------
# One HTML file, to open in a browser or to send to a colleague. Each cluster is named after its
# most typical image.
est.set_cluster_names({label: y[best[0]] for label, best in enumerate(est.representative_indices_)})
write_report(est, paths, result / "report.html", title="Snapshots", random_state=0)
print(f"open in a browser: {result / 'report.html'}", file=sys.stderr)
