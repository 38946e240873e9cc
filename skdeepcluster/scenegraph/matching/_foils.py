"""Captions with one relation changed, which an image's graph must tell from the true one.

Other images' captions differ in their nouns, and can be told from the right one without any
relation. What a relation says is learned from captions with the same words (MosaiCLIP makes
them of graphs in the same manner).
"""

import torch


def exchange_ends(captions, generator):
    """Exchange the subject and the object of one triple of each caption, drawn at random.

    Where both are words of the sentence they change places there, too.

    Parameters
    ----------
    captions : CaptionInputs
    generator : torch.Generator

    Returns
    -------
    foils : CaptionInputs
    changed : torch.Tensor of shape (n_captions,), bool
        Whether there was a triple with two different ends.
    """
    rows, drawn, there = _draw_triples(captions, generator)
    subject, _, target = captions.triples[rows, drawn].T
    triples = captions.triples.clone()
    triples[rows, drawn, 0], triples[rows, drawn, 2] = target, subject
    changed = there & (subject != target)
    said = captions.words
    both = (said == subject[:, None]).any(dim=1) & (said == target[:, None]).any(dim=1)
    subject, target = subject * both, target * both
    words = _replace(_replace(said, said, subject, target), said, target, subject)
    return captions._replace(words=words, triples=triples), changed


def replace_predicate(captions, predicates, generator):
    """Replace the predicate of one triple of each caption, drawn at random.

    Parameters
    ----------
    captions : CaptionInputs
    predicates : torch.Tensor of shape (n_predicates,), int64
        What to draw from, as often as it is there.
    generator : torch.Generator

    Returns
    -------
    foils : CaptionInputs
    changed : torch.Tensor of shape (n_captions,), bool
    """
    rows, drawn, there = _draw_triples(captions, generator)
    old = captions.triples[rows, drawn, 1]
    if not len(predicates):
        return captions, torch.zeros_like(there)
    new = predicates[torch.randint(len(predicates), (len(rows),), generator=generator)]
    triples = captions.triples.clone()
    triples[rows, drawn, 1] = torch.where(there, new, old)
    words = _replace(captions.words, captions.words, old, new)
    return captions._replace(words=words, triples=triples), there & (new != old)


def _draw_triples(captions, generator):
    there = captions.triples[:, :, 0] > 0
    # Captions without a triple draw an empty one.
    drawn = torch.multinomial(there.float() + 1e-9, 1, generator=generator)[:, 0]
    return torch.arange(len(there)), drawn, there.any(dim=1)


def _replace(words, where, old, new):
    old = old[:, None]
    return torch.where((where == old) & (old > 0), new[:, None], words)
