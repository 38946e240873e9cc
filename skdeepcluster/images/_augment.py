"""Random views of a batch of images."""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from ..processor import one_thread_of_torch_here

# Luma weights of ITU-R BT.601, which Pillow and torchvision use for greyscale.
_LUMA = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class RandomViews:
    """Draw a random view of every image: crop, flip, rotation and colour jitter.

    Each image of a batch has its own random draw; the batch is transformed at once.

    Parameters
    ----------
    scale : tuple of float, default=(0.5, 1.0)
        Range of the fraction of the image's area that is kept.
    flip : float, default=0.5
        Probability of a left-right flip.
    rotation : float, default=10.0
        Largest angle in degrees.
    brightness, contrast, saturation : float, default=0.3
        Largest relative change.
    grayscale : float, default=0.1
        Probability that an image is converted to greyscale.
    """

    scale: tuple = (0.5, 1.0)
    flip: float = 0.5
    rotation: float = 10.0
    brightness: float = 0.3
    contrast: float = 0.3
    saturation: float = 0.3
    grayscale: float = 0.1

    # Numbers that decide a view.
    n_draws = 9

    def __call__(self, images, draws):
        """Make views.

        Parameters
        ----------
        images : torch.Tensor of shape (n, 3, height, width), float in [0, 1]
        draws : torch.Tensor of shape (n, ``n_draws``), float in [0, 1)
            Uniform random numbers, which decide the view of each image.

        Returns
        -------
        views : torch.Tensor, of the same shape and range
        """
        n = len(images)
        columns = iter(draws.to(images.device).unbind(dim=1))

        def uniform(low, high):
            return low + (high - low) * next(columns)

        zoom = uniform(*self.scale).sqrt()
        angle = uniform(-1, 1) * math.radians(self.rotation)
        mirror = 1 - 2 * (uniform(0, 1) < self.flip).float()
        shift_x, shift_y = uniform(-1, 1) * (1 - zoom), uniform(-1, 1) * (1 - zoom)
        cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
        rows = [cos * mirror, -sin, shift_x, sin * mirror, cos, shift_y]
        affine = torch.stack(rows, dim=1).reshape(n, 2, 3)
        grid = functional.affine_grid(affine, list(images.shape), align_corners=False)
        views = functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)

        def factor(strength):
            return (1 + strength * uniform(-1, 1))[:, None, None, None]

        views = views.mul_(factor(self.brightness)).clamp_(0, 1)
        gray = _gray(views)
        views = _blend(views, gray.mean(dim=(2, 3), keepdim=True), factor(self.contrast))
        gray = _gray(views)
        views = _blend(views, gray, factor(self.saturation))
        turn_gray = (uniform(0, 1) < self.grayscale)[:, None, None, None]
        return torch.where(turn_gray, _gray(views), views)


# Strong enough that two views have only the content of the image in common.
STRONG_VIEWS = RandomViews(
    scale=(0.25, 1.0), brightness=0.4, contrast=0.4, saturation=0.4, grayscale=0.2
)


def views_of_pixels(pixels, draws):
    """Make random views of a batch of images, as they come from a file.

    Parameters
    ----------
    pixels : ndarray of shape (n, side, side, 3), uint8
    draws : torch.Tensor of shape (n, n_views, ``RandomViews.n_draws``), float in [0, 1)

    Returns
    -------
    views : ndarray of shape (n_views, n, side, side, 3), uint8
    """
    n_views = draws.shape[1]
    views = np.empty((n_views, *pixels.shape), dtype=np.uint8)
    if not n_views:
        return views

    def make(index):
        image = torch.from_numpy(pixels[index]).permute(2, 0, 1).float().div_(255)
        made = STRONG_VIEWS(image.expand(n_views, -1, -1, -1), draws[index]).mul_(255).round_()
        torch.from_numpy(views[:, index]).copy_(made.permute(0, 2, 3, 1))

    # An image a thread, since what torch divides among its own is over too soon to be worth it.
    n_threads = torch.get_num_threads()
    with ThreadPoolExecutor(n_threads, initializer=one_thread_of_torch_here) as threads:
        for _ in threads.map(make, range(len(pixels))):
            pass
    return views


def _gray(images):
    weights = images.new_tensor(_LUMA)[None, :, None, None]
    return (images * weights).sum(dim=1, keepdim=True)


def _blend(images, base, amount):
    return (images - base).mul_(amount).add_(base).clamp_(0, 1)
