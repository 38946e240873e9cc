import numpy as np
import torch

from skdeepcluster.scenegraph.graph import as_captions
from skdeepcluster.scenegraph.matching import (
    ModelSettings,
    PairEncoder,
    PhraseVectors,
    TrainingPairs,
)

from .._toy import NOUNS, PREDICATES, make_pairs, random_vectors

WORDS = random_vectors([*NOUNS, *PREDICATES, "a", "the", "and", "zebra"])


def make_encoder(perturbed=False, **changes):
    """Encoders of a toy world; perturbed, every parameter is drawn at random."""
    graphs, several = make_pairs(12)
    captions, owners = as_captions(several)
    encoder = PairEncoder(PhraseVectors(WORDS), 2)
    pairs = TrainingPairs(
        encoder.graph_tensors(graphs), encoder.caption_tensors(captions), owners, np.arange(12)
    )
    options = {
        "levels": ("object", "relation", "graph"),
        "neighbors": True,
        "symmetric": False,
        "dropout": 0.2,
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        encoder.make_model(pairs, ModelSettings(**{**options, **changes}))
        if perturbed:
            for part in encoder.model.parameters():
                part.data += 0.1 * torch.randn(part.shape)
    return encoder


def encode_graphs(encoder, *graphs):
    return encoder.encode_graphs(list(graphs))


def encode_captions(encoder, *captions):
    return encoder.encode_captions(as_captions(captions)[0])
