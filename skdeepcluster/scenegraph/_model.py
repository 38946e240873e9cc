"""The encoders of both sides and what makes one similarity of their levels."""

import torch
from torch import nn

from ._matching import level_similarity, pair_similarity
from ._nodes import Nodes

LEVELS = ("object", "relation", "graph")


class MatchingModel(nn.Module):
    """Similarity of pictures and captions: a weighted mean over the levels that a pair has.

    A caption without a triple, or a picture without a relation, is judged by the other levels.

    Parameters
    ----------
    visual : VisualGraphEncoder
    textual : TextualGraphEncoder
    levels : tuple of str
        Of ``LEVELS``.
    symmetric : bool
        Whether what a caption leaves out of a picture counts.
    """

    def __init__(self, visual, textual, levels, symmetric):
        super().__init__()
        self.visual, self.textual = visual, textual
        self.levels, self.symmetric = levels, symmetric
        self.log_weights = nn.ParameterDict({level: torch.zeros(()) for level in levels})
        self.log_temperature = nn.Parameter(torch.tensor(20.0).log())

    @property
    def temperature(self):
        """What similarities are multiplied with in a softmax over captions or pictures."""
        return self.log_temperature.exp()

    @property
    def shares(self):
        """Share of each level in the similarity of a pair that has all, (n_levels,)."""
        return torch.stack([self.log_weights[level] for level in self.levels]).softmax(dim=0)

    def pooled(self, encoded):
        """Make one vector of each picture or caption.

        Parameters
        ----------
        encoded : Encoded

        Returns
        -------
        vectors : torch.Tensor of shape (n, n_levels * n_dimensions)
            Of each level the mean node, times the root of the level's share: an inner product is
            the weighted sum of the products of mean nodes.
        """
        sides = [_side(encoded, level) for level in self.levels]
        means = [side.mean() if isinstance(side, Nodes) else side for side in sides]
        roots = self.shares.sqrt()
        return torch.cat([mean * root for mean, root in zip(means, roots, strict=True)], dim=1)

    def has(self, encoded):
        """Say which levels pictures or captions have, (n, n_levels) bool."""
        return torch.stack([_there(_side(encoded, level)) for level in self.levels], dim=1)

    def similarity(self, pictures, captions):
        """Compare all pictures with all captions.

        Parameters
        ----------
        pictures, captions : Encoded

        Returns
        -------
        similarities : torch.Tensor of shape (n_pictures, n_captions)
            0 where a pair has no level at all.
        """
        return self._joint({level: self.level(level, pictures, captions) for level in self.levels})

    def pair_similarity(self, pictures, captions):
        """Compare each picture with the caption of the same place, (n_pairs,)."""
        found = {}
        for level in self.levels:
            visual, textual = _side(pictures, level), _side(captions, level)
            if level == "graph":
                found[level] = ((visual * textual).sum(dim=1), _there(visual) & _there(textual))
            else:
                found[level] = pair_similarity(visual, textual, symmetric=self.symmetric)
        return self._joint(found)

    def level(self, level, pictures, captions):
        """Return the similarities on one level, and where a pair has it."""
        visual, textual = _side(pictures, level), _side(captions, level)
        if level == "graph":
            return visual @ textual.T, _there(visual)[:, None] & _there(textual)
        return level_similarity(visual, textual, symmetric=self.symmetric)

    def _joint(self, found):
        weights = [self.log_weights[level].exp() * there for level, (_, there) in found.items()]
        parts = [
            weight * similarities
            for weight, (similarities, _) in zip(weights, found.values(), strict=True)
        ]
        return torch.stack(parts).sum(dim=0) / torch.stack(weights).sum(dim=0).clamp_min(1e-12)


def _side(encoded, level):
    return {"object": encoded.objects, "relation": encoded.relations, "graph": encoded.whole}[level]


def _there(side):
    return side.mask.any(dim=1) if isinstance(side, Nodes) else (side != 0).any(dim=1)
