"""
==========================
A report to send to others
==========================

``write_report`` makes one HTML file of a clustering: typical, boundary and outlying images of each
cluster, a map, a search. It needs no server and no network connection, so it can be sent by mail.
"""

# %%
# Images and clusters
# ---------------------
import html
import tempfile
from pathlib import Path

import numpy as np
from IPython.display import HTML
from skimage import data
from sklearn.datasets import load_sample_images
from sklearn.feature_extraction.image import extract_patches_2d

from skdeepcluster import DeepImageClusterer
from skdeepcluster.report import write_report

scenes = [*load_sample_images().images, data.astronaut(), data.chelsea(), data.coffee()]
images = np.concatenate(
    [extract_patches_2d(scene, (200, 200), max_patches=24, random_state=0) for scene in scenes]
)
est = DeepImageClusterer(5, image_size=96, random_state=0).fit(images)
est.set_cluster_names([f"photograph {number}" for number in range(1, 6)])

# %%
# The page
# --------
path = Path(tempfile.mkdtemp()) / "report.html"
write_report(est, images, path, title="Crops of five photographs", max_megabytes=2)
print(f"{path.stat().st_size / 1e6:.1f} MB")

# %%
# This is the complete file, in a frame; open it in a tab of its own for more space.
page = html.escape(path.read_text(encoding="utf-8"))
style = "width: 100%; height: 800px; border: 1px solid #ccc"
HTML(f'<div><iframe srcdoc="{page}" style="{style}"></iframe></div>')

# sphinx_gallery_thumbnail_path = 'figures/report.webp'
