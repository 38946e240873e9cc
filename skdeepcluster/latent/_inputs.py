"""What a head is trained on: few numbers for each image and each of its views."""

import copy

import numpy as np
import torch
from torch import nn

from ..features import leading_axes, random_rows, row_chunks, scaled_rows
from ..processor import linear_algebra_in_one_thread
from ..storage import prefixed
from ._head import as_tensor

# Of the standardised features; more of them made clusters no better, and steps several times
# as slow.
_N_COMPONENTS = 256
# Rows that the axes are found by, of samples and views together.
_N_ROWS_FOR_AXES = 4096


class ReducedInputs:
    """Principal components of the standardised features of samples and of their views.

    A head that is trained on them is as good as one that is trained on the features, at a
    fraction of the time and memory; :meth:`unfolded` turns it into the latter.

    Parameters
    ----------
    head : LatentHead
        Whose standardisation is applied.
    features : ndarray of shape (n_samples, n_features), float32 or float16
    views : ndarray of shape (n_samples, n_views, n_features), float32 or float16, or None
        Features of random views of the images. Without them, a random half of the components is
        left out instead.
    generator : torch.Generator
        Draws views.
    """

    def __init__(self, head, features, views, generator):
        self._head = head
        self._generator = generator
        self._sheets = [features]
        if views is not None:
            self._sheets += [views[:, view] for view in range(views.shape[1])]
        self.rotation = self._principal_axes()
        shape = (len(features), len(self._sheets), self.rotation.shape[1])
        self._rows = torch.empty(shape)
        for place, sheet in enumerate(self._sheets):
            for chunk in row_chunks(len(features)):
                self._rows[chunk, place] = self._standardized(sheet, chunk) @ self.rotation
        # The features are not needed any more.
        self._sheets = []

    def __len__(self):
        return len(self._rows)

    @property
    def n_columns(self):
        """Numbers of a sample or a view."""
        return self._rows.shape[2]

    def new_layers(self):
        """Make untrained layers like those of the head, but with ``n_columns`` inputs."""
        n_components, n_hidden = self._head.layers[-1].weight.shape
        with torch.random.fork_rng(devices=[]):
            linear = [nn.Linear(self.n_columns, n_hidden), nn.Linear(n_hidden, n_components)]
        for layer in linear:
            # As torch does, but not by its global random numbers.
            bound = layer.in_features**-0.5
            for parameter in (layer.weight, layer.bias):
                nn.init.uniform_(parameter, -bound, bound, generator=self._generator)
        return nn.Sequential(linear[0], nn.ReLU(), linear[1])

    @property
    def originals(self):
        """The samples themselves, (n_samples, n_columns)."""
        return self._rows[:, 0]

    def random_views(self, indices):
        """Draw a view of each sample, which may be the image itself, (n_indices, n_columns)."""
        n_sheets = self._rows.shape[1]
        if n_sheets > 1:
            drawn = torch.randint(n_sheets, (len(indices),), generator=self._generator)
            return self._rows[indices, drawn]
        # What is kept counts twice, so that sums stay as they are on average.
        return self._rows[:, 0].index_select(0, indices).mul_(self._coins(len(indices))).mul_(2)

    def _coins(self, n_rows):
        """Draw 0 or 1 for each component of each row, from a random bit each."""
        n_bytes = -(-self.n_columns // 8)
        drawn = torch.empty((n_rows, n_bytes), dtype=torch.uint8)
        drawn.random_(generator=self._generator)
        bits = np.unpackbits(drawn.numpy(), axis=1, count=self.n_columns)
        return torch.from_numpy(bits)

    def unfolded(self, layers):
        """Give the head of features that does what ``layers`` do to their components.

        Parameters
        ----------
        layers : torch.nn.Sequential
            That of a LatentHead, but with ``n_columns`` inputs.

        Returns
        -------
        head : LatentHead
        """
        head = copy.deepcopy(self._head)
        head.load_state_dict(
            {
                **prefixed("layers.", layers.state_dict()),
                "layers.0.weight": layers[0].weight.detach() @ self.rotation.T,
                "mean": head.mean,
                "scale": head.scale,
            }
        )
        return head

    def _standardized(self, sheet, rows):
        return self._head.standardize(as_tensor(scaled_rows(sheet, rows)))

    def _principal_axes(self):
        n_features = len(self._head.mean)
        moments = np.zeros((n_features, n_features), dtype=np.float32)
        for sheet in self._sheets:
            drawn = random_rows(len(sheet), _N_ROWS_FOR_AXES // len(self._sheets))
            rows = self._standardized(sheet, drawn).numpy()
            # NumPy sees that the product is symmetric, and computes half of it.
            with linear_algebra_in_one_thread():
                moments += rows.T @ rows
        return torch.from_numpy(leading_axes(moments, _N_COMPONENTS))
