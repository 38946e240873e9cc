"""The main road on benchmark images, where they are at hand."""

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from sklearn.cluster import KMeans

from skdeepcluster import DeepImageClusterer, ImageEmbedder, list_images
from skdeepcluster.metrics import clustering_accuracy

ARCHIVE = (
    Path(os.environ.get("SKDEEPCLUSTER_DATA", Path(__file__).parents[2] / "shared" / "data"))
    / "imagenette.zip"
)


@pytest.mark.skipif(not ARCHIVE.is_file(), reason=f"no {ARCHIVE}: set SKDEEPCLUSTER_DATA")
def test_better_than_k_means_on_real_photographs(tmp_path):
    with zipfile.ZipFile(ARCHIVE) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
        archive.extractall(tmp_path, names[::8])
    paths = list_images(tmp_path)
    y = np.array([path.parent.name for path in paths])
    features = ImageEmbedder(image_size=96).fit_transform(paths)
    est = DeepImageClusterer(10, random_state=0).fit(features)
    baseline = KMeans(10, n_init=5, random_state=0).fit_predict(features)
    assert est.score(features, y) > max(0.5, clustering_accuracy(y, baseline))
