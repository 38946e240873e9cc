"""What can be passed as images, for type hints."""

import os
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from PIL import Image
from torch.utils.data import Dataset

from ._source import ImageSource

PathLike: TypeAlias = str | os.PathLike[str]

# A folder, a sequence of files, of Pillow images or of pixels, or pixels of all images; the
# sequences include pandas.Series of paths.
ImagesLike: TypeAlias = (
    PathLike
    | Sequence[PathLike]
    | Sequence[Image.Image]
    | Sequence[np.ndarray]
    | Sequence[torch.Tensor]
    | np.ndarray
    | torch.Tensor
    | Dataset[Any]
    | ImageSource
)
