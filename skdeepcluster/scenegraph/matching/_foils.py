"""Foils: captions with one relation changed, to be distinguished from the true one.

Captions of other images differ in their nouns, and can be distinguished from the right one
without any relation. The meaning of relations is learned from captions with the same words
(MosaiCLIP makes them from graphs in the same manner).
"""

import torch

from ._input_tensors import CaptionTensors


def exchange_ends(
    captions: CaptionTensors, generator: torch.Generator
) -> tuple[CaptionTensors, torch.Tensor]:
    """Exchange the subject and the object of a random triple of each caption.

    Where both are words of the sentence they are exchanged there, too.

    Parameters
    ----------
    captions : CaptionTensors
    generator : torch.Generator

    Returns
    -------
    foils : CaptionTensors
    changed : torch.Tensor of shape (n_captions,), bool
        Whether the caption has a triple with two different ends.
    """
    rows, drawn, has_triple = _draw_triples(captions, generator)
    subject, _, target = captions.triples[rows, drawn].T
    triples = captions.triples.clone()
    triples[rows, drawn, 0], triples[rows, drawn, 2] = target, subject
    changed = has_triple & (subject != target)
    old = captions.words
    both = (old == subject[:, None]).any(dim=1) & (old == target[:, None]).any(dim=1)
    subject, target = subject * both, target * both
    words = _replace(_replace(old, old, subject, target), old, target, subject)
    return captions._replace(words=words, triples=triples), changed


def replace_predicate(
    captions: CaptionTensors, predicates: torch.Tensor, generator: torch.Generator
) -> tuple[CaptionTensors, torch.Tensor]:
    """Replace the predicate of a random triple of each caption.

    Parameters
    ----------
    captions : CaptionTensors
    predicates : torch.Tensor of shape (n_predicates,), int64
        Predicates to draw from, each as often as it occurs.
    generator : torch.Generator

    Returns
    -------
    foils : CaptionTensors
    changed : torch.Tensor of shape (n_captions,), bool
    """
    rows, drawn, has_triple = _draw_triples(captions, generator)
    old = captions.triples[rows, drawn, 1]
    if not len(predicates):
        return captions, torch.zeros_like(has_triple)
    new = predicates[torch.randint(len(predicates), (len(rows),), generator=generator)]
    triples = captions.triples.clone()
    triples[rows, drawn, 1] = torch.where(has_triple, new, old)
    words = _replace(captions.words, captions.words, old, new)
    return captions._replace(words=words, triples=triples), has_triple & (new != old)


def _draw_triples(captions, generator):
    mask = captions.triples[:, :, 0] > 0
    # Captions without a triple draw an empty one.
    drawn = torch.multinomial(mask.float() + 1e-9, 1, generator=generator)[:, 0]
    return torch.arange(len(mask)), drawn, mask.any(dim=1)


def _replace(words, where, old, new):
    old = old[:, None]
    return torch.where((where == old) & (old > 0), new[:, None], words)
