"""The encoders of both sides and what makes one similarity of their levels."""

import torch
from torch import nn

from ._matching import level_similarity, pair_similarity

LEVELS = ("object", "relation", "graph")


class MatchingModel(nn.Module):
    """Similarity of pictures and captions: a weighted mean over the levels that a pair has.

    A caption without a triple, or a picture without a relation, is judged by the other levels.
    Each level's usual similarity is learned and taken off, so that a level is neither a bonus
    nor a malus by being there.

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
        self.usual = nn.ParameterDict({level: torch.zeros(()) for level in levels})
        self.log_temperature = nn.Parameter(torch.tensor(20.0).log())

    @property
    def temperature(self):
        """What similarities are multiplied with in a softmax over captions or pictures."""
        return self.log_temperature.exp()

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
            weight * (similarities - self.usual[level])
            for weight, (level, (similarities, _)) in zip(weights, found.items(), strict=True)
        ]
        return torch.stack(parts).sum(dim=0) / torch.stack(weights).sum(dim=0).clamp_min(1e-12)


def _side(encoded, level):
    return {"object": encoded.objects, "relation": encoded.relations, "graph": encoded.whole}[level]


def _there(whole):
    return (whole != 0).any(dim=1)
