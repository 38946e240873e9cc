"""
==================================
Training curves and the latent map
==================================

After its start the method trains a head with four losses. Here on 1,797 handwritten digits of 8 by
8 pixels, whose pixels are the features.
"""

# %%
# Digits
# ------
# A 2-D array is taken as features: no network is loaded. ``init="kmeans"`` is the weaker of the
# two starts, so that training can improve it.
import matplotlib.pyplot as plt
from sklearn.datasets import load_digits

from skdeepcluster import DeepImageClusterer, LatentMapDisplay, TrainingCurveDisplay

digits = load_digits()
est = DeepImageClusterer(10, init="kmeans", max_iter=20, random_state=0)
est.fit(digits.data)
print(f"score of the start {est.start_score_:.3f}, of the result {est.history_['score'][-1]:.3f}")
print(f"accuracy {est.score(digits.data, digits.target):.3f}")

# %%
# Training
# --------
# The state after the last epoch is the result. The score is recorded, and chooses nothing.
TrainingCurveDisplay.from_estimator(est)
plt.show()

# %%
# The latent space
# ----------------
# Each point is a digit among its nearest neighbours; the sizes of gaps mean little. In each cluster
# a few of its most typical digits are shown.
images = 1 - digits.images / 16
LatentMapDisplay.from_estimator(est, digits.data, images=images, random_state=0)
plt.show()
