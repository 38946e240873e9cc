"""What is known of some samples, drawn a batch at a time, and how far latents are from it."""

from typing import NamedTuple

import numpy as np
import torch

from ._losses import agreement_loss, separation_loss

# Of each kind of knowledge so many are drawn for a step, as a share of the batch.
_SHARE_OF_BATCH = 4


class Guides(NamedTuple):
    """Samples of which something is known, drawn for a step.

    ``labelled`` and ``clusters``, int64 of shape (n_labelled,); ``together`` and ``apart``, int64
    of shape (2, n_pairs), samples of the same cluster and of different ones.
    """

    labelled: torch.Tensor
    clusters: torch.Tensor
    together: torch.Tensor
    apart: torch.Tensor

    @property
    def samples(self):
        """All of them, in a row."""
        return torch.cat([self.labelled, self.together.ravel(), self.apart.ravel()])

    def loss(self, assignments):
        """Compare the soft assignments of the samples with what is known of them.

        Parameters
        ----------
        assignments : torch.Tensor of shape (n_labelled + 4 * n_pairs, n_clusters)

        Returns
        -------
        loss : torch.Tensor, scalar, not negative
            A mean of each kind of knowledge, added up.
        """
        sizes = [len(self.labelled), *[self.together.shape[1]] * 2, *[self.apart.shape[1]] * 2]
        labelled, one, another, here, there = assignments.split(sizes)
        loss = assignments.new_zeros(())
        if len(labelled):
            clusters = self.clusters.to(assignments.device)
            targets = torch.nn.functional.one_hot(clusters, assignments.shape[1])
            loss = loss + agreement_loss(labelled, targets)
        if len(one):
            loss = loss + agreement_loss(one, another)
        if len(here):
            loss = loss + separation_loss(here, there)
        return loss


class Guidance:
    """Draws what is known of samples.

    Parameters
    ----------
    supervision : Supervision
    batch_size : int
    generator : torch.Generator
    """

    def __init__(self, supervision, batch_size, generator):
        self._generator = generator
        self._most = max(1, batch_size // _SHARE_OF_BATCH)
        labels = supervision.labels
        self._labelled = torch.from_numpy(np.flatnonzero(labels >= 0))
        self._clusters = torch.from_numpy(labels[labels >= 0])
        # Members of each group, side by side.
        self._members = torch.from_numpy(np.argsort(supervision.groups, kind="stable"))
        sizes = np.bincount(
            supervision.groups[supervision.is_known], minlength=len(supervision.classes)
        )
        firsts = np.count_nonzero(~supervision.is_known) + sizes.cumsum() - sizes
        self._sizes, self._firsts = torch.from_numpy(sizes), torch.from_numpy(firsts)
        is_pair = (supervision.classes < 0) & (sizes > 1)
        self._together = torch.from_numpy(np.repeat(np.flatnonzero(is_pair), sizes[is_pair]))
        has_members = (sizes[supervision.apart] > 0).all(axis=1)
        self._apart = torch.from_numpy(supervision.apart[has_members])

    def draw(self):
        """Draw Guides for a step."""
        labelled = self._some(len(self._labelled))
        together = self._together[self._some(len(self._together))]
        one = self._below(self._sizes[together])
        another = (one + 1 + self._below(self._sizes[together] - 1)) % self._sizes[together]
        apart = self._apart[self._some(len(self._apart))].T
        return Guides(
            self._labelled[labelled],
            self._clusters[labelled],
            self._members[self._firsts[together] + torch.stack([one, another])],
            self._members[self._firsts[apart] + self._below(self._sizes[apart])],
        )

    def _some(self, n_all):
        return torch.randperm(n_all, generator=self._generator)[: self._most]

    def _below(self, limits):
        drawn = torch.rand(limits.shape, generator=self._generator)
        return (drawn * limits).long().clamp_max(limits - 1)
