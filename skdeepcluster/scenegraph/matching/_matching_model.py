"""The encoders of both sides, and one similarity from those of their levels."""

import math

import torch
from torch import nn

from ._encoded import Encoded
from ._level_similarity import denied_evidence, level_similarity, level_similarity_of_pairs

LEVELS = ("object", "relation", "graph")
# Share of a batch in the neutral similarity; the first batches are averaged.
_MOMENTUM = 0.1


def n_pooled_numbers(n_levels: int, n_dimensions: int) -> int:
    """Return the length of the one vector of an image or a caption."""
    return n_levels * (n_dimensions + 1) + 2


class MatchingModel(nn.Module):
    """Joint similarity of encoded images and captions: a weighted mean over the levels.

    A level that a pair does not have, as where an image has no relation, counts with a value
    that is evidence neither for the pair nor against it: see ``neutral``.

    Parameters
    ----------
    visual : VisualGraphEncoder
    textual : TextualGraphEncoder
    levels : sequence of str
        A selection of ``LEVELS``.
    symmetric : bool
        Whether what a caption leaves out of an image counts.

    Attributes
    ----------
    neutral : torch.Tensor of shape (n_levels,)
        Similarity whose exponential, as in the softmax over images, is the mean over images
        that do not match: a moving average over the batches of the training.
    """

    neutral: torch.Tensor
    n_batches: torch.Tensor

    def __init__(
        self, visual: nn.Module, textual: nn.Module, levels: tuple[str, ...], symmetric: bool
    ) -> None:
        super().__init__()
        self.visual, self.textual = visual, textual
        self.levels, self.symmetric = levels, symmetric
        self.log_weights = nn.ParameterDict({level: torch.zeros(()) for level in levels})
        # Named so in saved models; it is the logarithm of the logit scale.
        self.log_temperature = nn.Parameter(torch.tensor(20.0).log())
        self.register_buffer("neutral", torch.zeros(len(levels)))
        self.register_buffer("n_batches", torch.tensor(0))

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return self.log_temperature.device

    @property
    def logit_scale(self) -> torch.Tensor:
        """Factor of similarities in a softmax over captions or images."""
        return self.log_temperature.exp()

    @property
    def shares(self) -> torch.Tensor:
        """Share of each level in the similarity of a pair that has all, (n_levels,)."""
        return torch.stack([self.log_weights[level] for level in self.levels]).softmax(dim=0)

    def joint_similarity(self, images: Encoded, captions: Encoded) -> torch.Tensor:
        """Compare all images with all captions.

        In training mode, image k and caption k match, and ``neutral`` is updated.

        Parameters
        ----------
        images, captions : Encoded

        Returns
        -------
        similarities : torch.Tensor of shape (n_images, n_captions)
        """
        of_levels = [self.level_similarity(level, images, captions) for level in self.levels]
        if self.training:
            self._update_neutral(of_levels)
        against = self.denied_evidence(images, captions) + self.implausibility(captions)
        return self._join(of_levels) - against - _hubness(images)[:, None] - _hubness(captions)

    def implausibility(self, captions: Encoded) -> torch.Tensor:
        """Return the evidence that captions mix something up, (n_captions,); 0 if unknown."""
        if captions.implausibility is None:
            return captions.graphs.new_zeros(len(captions.graphs))
        return captions.implausibility / self.logit_scale

    def denied_evidence(self, images: Encoded, captions: Encoded) -> torch.Tensor:
        """Add up the evidence that images show what captions deny, (n_images, n_captions)."""
        total = images.graphs.new_zeros(len(images.graphs), len(captions.graphs))
        for level, neutral in zip(self.levels, self.neutral, strict=True):
            denied = captions.denied_nodes(level)
            if denied is not None and denied.mask.any():
                total = total + denied_evidence(
                    images.nodes(level), denied, self.logit_scale, neutral
                )
        return total

    def joint_similarity_of_pairs(self, images: Encoded, captions: Encoded) -> torch.Tensor:
        """Compare image k with caption k only, for all k, (n_pairs,)."""
        of_levels = []
        for level in self.levels:
            if level == "graph":
                products = (images.graphs * captions.graphs).sum(dim=1)
                has_both = _has_level(images, level) & _has_level(captions, level)
                of_levels.append((products, has_both))
            else:
                visual, textual = images.nodes(level), captions.nodes(level)
                of_levels.append(
                    level_similarity_of_pairs(visual, textual, symmetric=self.symmetric)
                )
        denied = self.denied_evidence(images, captions).diagonal()
        against = denied + self.implausibility(captions)
        return self._join(of_levels) - against - _hubness(images) - _hubness(captions)

    def level_similarity(
        self, level: str, images: Encoded, captions: Encoded
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Compare all images with all captions on one level.

        Returns
        -------
        similarities : torch.Tensor of shape (n_images, n_captions)
        has_both : torch.Tensor of shape (n_images, n_captions), bool
            Whether both have the level.
        """
        if level == "graph":
            has_both = _has_level(images, level)[:, None] & _has_level(captions, level)
            return images.graphs @ captions.graphs.T, has_both
        visual, textual = images.nodes(level), captions.nodes(level)
        return level_similarity(visual, textual, symmetric=self.symmetric)

    def pool_images(self, encoded: Encoded) -> torch.Tensor:
        """Make one vector of each image.

        Parameters
        ----------
        encoded : Encoded

        Returns
        -------
        vectors : torch.Tensor of shape (n, n_pooled_numbers(n_levels, n_dimensions))
            The inner product with the vector of a caption is their similarity, if the mean nodes
            of each level are compared.
        """
        has_level = self._has_levels(encoded)
        ones = has_level.new_ones(len(has_level), 1)
        hubness = _hubness(encoded)[:, None]
        return torch.cat([self._level_means(encoded), has_level, ones, -hubness], dim=1)

    def pool_captions(self, encoded: Encoded) -> torch.Tensor:
        """Make one vector of each caption: see ``pool_images``."""
        neutral = self.shares * self.neutral
        has_level = self._has_levels(encoded)
        # The neutral value of all levels, less that of the levels that both have.
        total = (neutral.sum() - self.implausibility(encoded) - _hubness(encoded))[:, None]
        ones = has_level.new_ones(len(has_level), 1)
        return torch.cat([self._level_means(encoded), -neutral * has_level, total, ones], dim=1)

    def _level_means(self, encoded):
        means = []
        for level in self.levels:
            mean = encoded.graphs if level == "graph" else encoded.nodes(level).mean()
            denied = encoded.denied_nodes(level)
            means.append(mean if denied is None else mean - denied.mean())
        roots = self.shares.sqrt()
        return torch.cat([mean * root for mean, root in zip(means, roots, strict=True)], dim=1)

    def _has_levels(self, encoded):
        return torch.stack([_has_level(encoded, level) for level in self.levels], dim=1)

    @torch.no_grad()
    def _update_neutral(self, of_levels):
        self.n_batches += 1
        momentum = max(_MOMENTUM, 1 / int(self.n_batches))
        steepness = self.logit_scale * self.shares
        for i, (similarities, has_both) in enumerate(of_levels):
            matching = torch.eye(*has_both.shape, dtype=torch.bool, device=has_both.device)
            others = similarities[has_both & ~matching]
            if len(others):
                logits = steepness[i] * others
                neutral = (logits.logsumexp(0) - math.log(len(logits))) / steepness[i]
                self.neutral[i] += momentum * (neutral - self.neutral[i])

    def _join(self, of_levels):
        parts = [
            share * torch.where(has_both, similarities, neutral)
            for share, neutral, (similarities, has_both) in zip(
                self.shares, self.neutral, of_levels, strict=True
            )
        ]
        return torch.stack(parts).sum(dim=0)


def _hubness(encoded):
    if encoded.hubness is None:
        return encoded.graphs.new_zeros(len(encoded.graphs))
    return encoded.hubness


def _has_level(encoded, level):
    if level == "graph":
        return (encoded.graphs != 0).any(dim=1)
    return encoded.nodes(level).mask.any(dim=1)
