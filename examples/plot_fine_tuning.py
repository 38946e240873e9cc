"""
=======================================
Fine-tune the backbone on your images
=======================================

The default backbone knows everyday photographs. For other images it pays to train its last stages
on the images themselves, which needs no labels. Here on small patches of six surfaces and with few
epochs, so that it takes seconds; for a real data set use the default of eight epochs.
"""

# %%
# Surfaces
# --------
# Greyscale patches of 48 by 48 pixels with normalised brightness and contrast, so that only the
# structure distinguishes them.
import matplotlib.pyplot as plt
import numpy as np
from skimage import data
from skimage.color import rgb2gray
from sklearn.feature_extraction.image import extract_patches_2d

from skdeepcluster import ClusterGalleryDisplay, DeepImageClusterer

surfaces = {
    "brick": data.brick(),
    "grass": data.grass(),
    "gravel": data.gravel(),
    "moon": data.moon(),
    "tissue": rgb2gray(data.immunohistochemistry()),
    "galaxies": rgb2gray(data.hubble_deep_field()),
}
patches = np.concatenate(
    [extract_patches_2d(image, (48, 48), max_patches=50, random_state=0)
     for image in surfaces.values()]
)  # fmt: skip
y = np.repeat(list(surfaces), 50)
spread = patches.std(axis=(1, 2), keepdims=True)
images = np.clip(0.5 + 0.2 * (patches - patches.mean(axis=(1, 2), keepdims=True)) / spread, 0, 1)

# %%
# Frozen
# ------
frozen = DeepImageClusterer(6, image_size=48, random_state=0).fit(images)
print(f"accuracy: {frozen.score(images, y):.3f}")

# %%
# Fine-tuned
# ----------
# The last two stages learn to match two random views of an image, and to move images towards the
# centre of their cluster.
tuned = DeepImageClusterer(6, image_size=48, fine_tune=2, fine_tune_iter=4, random_state=0)
tuned.fit(images)
print(f"accuracy: {tuned.score(images, y):.3f}")

# %%
fig, ax = plt.subplots(figsize=(5, 3), layout="constrained")
ax.plot(range(1, 5), tuned.loss_curve_, marker="o")
ax.set(xlabel="epoch of fine-tuning", ylabel="loss", xticks=range(1, 5))
plt.show()

# %%
ClusterGalleryDisplay.from_estimator(tuned, images, n_pictures=10)
plt.show()
