import numpy as np

from skdeepcluster.cluster._merging import merging
from skdeepcluster.cluster._prototypes import Prototypes


def test_merged_clusters_hold_what_they_held():
    rng = np.random.default_rng(0)
    prototypes = Prototypes(np.eye(5, dtype=np.float32))
    latents = rng.normal(size=(200, 5)).astype(np.float32)
    before = prototypes.similarities(latents).argmax(axis=1)
    new_labels = merging([[0, 3], [1, 4]], 5)
    merged = prototypes.merged(new_labels)
    after = merged.similarities(latents).argmax(axis=1)
    np.testing.assert_array_equal(after, new_labels[before])
    probabilities = merged.probabilities(latents, 0.1)
    np.testing.assert_array_equal(probabilities.argmax(axis=1), after)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    # And once more.
    all_in_one = merged.merged(merging([0, 1, 2], 3))
    assert all_in_one.similarities(latents).shape == (200, 1)
