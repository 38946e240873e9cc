"""The encoders of both sides and what makes one similarity of their levels."""

import math

import torch
from torch import nn

from ._nodes import Nodes
from ._similarity import level_similarity, pair_similarity

LEVELS = ("object", "relation", "graph")
# Share of a batch in what is neutral; the first ones count alike.
_MOMENTUM = 0.1


class MatchingModel(nn.Module):
    """Similarity of images and captions: a weighted mean over the levels.

    A level that a pair does not have, as where an image has no relation, counts with the value
    that speaks neither for a pair nor against it: see ``neutral``.

    Parameters
    ----------
    visual : VisualGraphEncoder
    textual : TextualGraphEncoder
    levels : tuple of str
        Of ``LEVELS``.
    symmetric : bool
        Whether what a caption leaves out of an image counts.

    Attributes
    ----------
    neutral : torch.Tensor of shape (n_levels,)
        Similarity of which the exponential, as in the softmax over images, is the mean over
        images that do not match: moving, over the batches of the training.
    """

    neutral: torch.Tensor
    n_batches: torch.Tensor

    def __init__(self, visual, textual, levels, symmetric):
        super().__init__()
        self.visual, self.textual = visual, textual
        self.levels, self.symmetric = levels, symmetric
        self.log_weights = nn.ParameterDict({level: torch.zeros(()) for level in levels})
        self.log_temperature = nn.Parameter(torch.tensor(20.0).log())
        self.register_buffer("neutral", torch.zeros(len(levels)))
        self.register_buffer("n_batches", torch.tensor(0))

    @property
    def temperature(self):
        """What similarities are multiplied with in a softmax over captions or images."""
        return self.log_temperature.exp()

    @property
    def shares(self):
        """Share of each level in the similarity of a pair that has all, (n_levels,)."""
        return torch.stack([self.log_weights[level] for level in self.levels]).softmax(dim=0)

    def pooled_images(self, encoded):
        """Make one vector of each image.

        Parameters
        ----------
        encoded : Encoded

        Returns
        -------
        vectors : torch.Tensor of shape (n, n_levels * (n_dimensions + 1) + 1)
            The inner product with that of a caption is their similarity, if of each level the mean
            nodes are compared.
        """
        has = self._has(encoded)
        return torch.cat([self._means(encoded), has, torch.ones(len(has), 1)], dim=1)

    def pooled_captions(self, encoded):
        """Make one vector of each caption: see ``pooled_images``."""
        neutral = self.shares * self.neutral
        has = self._has(encoded)
        # All of it, less that of the levels that both have.
        total = neutral.sum().expand(len(has), 1)
        return torch.cat([self._means(encoded), -neutral * has, total], dim=1)

    def _means(self, encoded):
        sides = [_side(encoded, level) for level in self.levels]
        means = [side.mean() if isinstance(side, Nodes) else side for side in sides]
        roots = self.shares.sqrt()
        return torch.cat([mean * root for mean, root in zip(means, roots, strict=True)], dim=1)

    def _has(self, encoded):
        return torch.stack([_there(_side(encoded, level)) for level in self.levels], dim=1)

    def similarity(self, images, captions):
        """Compare all images with all captions.

        Parameters
        ----------
        images, captions : Encoded

        Returns
        -------
        similarities : torch.Tensor of shape (n_images, n_captions)
        """
        found = [self.level(level, images, captions) for level in self.levels]
        if self.training:
            # Of a batch, whose images and captions of the same place match.
            self._note_neutral(found)
        return self._joint(found)

    def pair_similarity(self, images, captions):
        """Compare each image with the caption of the same place, (n_pairs,)."""
        found = []
        for level in self.levels:
            visual, textual = _side(images, level), _side(captions, level)
            if level == "graph":
                found.append(((visual * textual).sum(dim=1), _there(visual) & _there(textual)))
            else:
                found.append(pair_similarity(visual, textual, symmetric=self.symmetric))
        return self._joint(found)

    def level(self, level, images, captions):
        """Return the similarities on one level, and where a pair has it."""
        visual, textual = _side(images, level), _side(captions, level)
        if level == "graph":
            return visual @ textual.T, _there(visual)[:, None] & _there(textual)
        return level_similarity(visual, textual, symmetric=self.symmetric)

    @torch.no_grad()
    def _note_neutral(self, found):
        self.n_batches += 1
        momentum = max(_MOMENTUM, 1 / int(self.n_batches))
        steepness = self.temperature * self.shares
        for place, (similarities, there) in enumerate(found):
            others = similarities[there & ~torch.eye(*there.shape, dtype=torch.bool)]
            if len(others):
                logits = steepness[place] * others
                neutral = (logits.logsumexp(0) - math.log(len(logits))) / steepness[place]
                self.neutral[place] += momentum * (neutral - self.neutral[place])

    def _joint(self, found):
        parts = [
            share * torch.where(there, similarities, neutral)
            for share, neutral, (similarities, there) in zip(
                self.shares, self.neutral, found, strict=True
            )
        ]
        return torch.stack(parts).sum(dim=0)


def _side(encoded, level):
    return {"object": encoded.objects, "relation": encoded.relations, "graph": encoded.whole}[level]


def _there(side):
    return side.mask.any(dim=1) if isinstance(side, Nodes) else (side != 0).any(dim=1)
