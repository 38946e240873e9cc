"""Graphs and captions as padded tensors of phrase numbers and boxes."""

from itertools import chain
from typing import NamedTuple

import numpy as np
import torch

from ._nodes import pad, trim
from ._phrases import words_of

# Left, top, right, bottom, width, height and the root of the area, as shares of the image; 1
# if there is a box.
N_BOX_NUMBERS = 8


class GraphInputs(NamedTuple):
    """What is known of the graphs of n images.

    Labels and predicates are rows of a phrase table, 0 where there is none.
    """

    labels: torch.Tensor  # (n, n_objects), int64
    boxes: torch.Tensor  # (n, n_objects, N_BOX_NUMBERS)
    features: torch.Tensor  # (n, n_objects, n_features)
    pairs: torch.Tensor  # (n, n_relations, 2), int64
    predicates: torch.Tensor  # (n, n_relations), int64
    relation_features: torch.Tensor  # (n, n_relations, n_features)

    def of(self, graphs):
        """Return the inputs of some of the graphs, without places that none of them uses."""
        labels, predicates = trim(self.labels[graphs]), trim(self.predicates[graphs])
        n_objects, n_relations = labels.shape[1], predicates.shape[1]
        return GraphInputs(
            labels,
            self.boxes[graphs, :n_objects],
            self.features[graphs, :n_objects],
            self.pairs[graphs, :n_relations],
            predicates,
            self.relation_features[graphs, :n_relations],
        )

    @property
    def sizes(self):
        """Number of objects and relations of each, (n,)."""
        return (self.labels > 0).sum(dim=1) + (self.predicates > 0).sum(dim=1)


class CaptionInputs(NamedTuple):
    """What is known of n captions; phrases are rows of a phrase table, 0 where there is none."""

    words: torch.Tensor  # (n, n_words), int64
    triples: torch.Tensor  # (n, n_triples, 3), int64
    sentences: torch.Tensor  # (n, n_dimensions)

    def of(self, captions):
        """Return the inputs of some of the captions, without places that none of them uses."""
        words, triples = trim(self.words[captions]), trim(self.triples[captions])
        return CaptionInputs(words, triples, self.sentences[captions])

    @property
    def sizes(self):
        """Number of words and triples of each, (n,)."""
        return (self.words > 0).sum(dim=1) + (self.triples[:, :, 0] > 0).sum(dim=1)


def graph_inputs(graphs, table, n_features):
    """Lay graphs out as tensors.

    Parameters
    ----------
    graphs : list of SceneGraph
    table : PhraseTable
        Labels and predicates are added to it.
    n_features : int
        Length of the features of objects and relations; zeros stand where there are none.
    """
    n_objects = [len(graph.objects) for graph in graphs]
    n_relations = [len(graph.relations) for graph in graphs]
    objects = list(chain.from_iterable(graph.objects for graph in graphs))
    relations = list(chain.from_iterable(graph.relations for graph in graphs))
    pairs = np.array([(r.subject, r.object) for r in relations], np.int64).reshape(-1, 2)
    return GraphInputs(
        pad(table.rows([entry.label for entry in objects]), n_objects),
        _box_numbers(objects, n_objects),
        pad(_features(objects, n_features), n_objects),
        pad(pairs, n_relations),
        pad(table.rows([entry.predicate for entry in relations]), n_relations),
        pad(_features(relations, n_features), n_relations),
    )


def count_features(graphs):
    """Length of the features of objects and relations, 0 if there are none."""
    lengths = {
        len(entry.feature)
        for graph in graphs
        for entry in (*graph.objects, *graph.relations)
        if entry.feature is not None
    }
    if len(lengths) > 1:
        raise ValueError(f"Features of objects and relations differ in length: {sorted(lengths)}.")
    return lengths.pop() if lengths else 0


def _features(entries, n_features):
    rows = np.zeros((len(entries), n_features), np.float32)
    for row, entry in zip(rows, entries, strict=True):
        if entry.feature is not None and n_features:
            if len(entry.feature) != n_features:
                raise ValueError(
                    f"A feature has {len(entry.feature)} numbers; those learned from have "
                    f"{n_features}."
                )
            row[:] = entry.feature
    return rows


def _box_numbers(objects, n_objects):
    """Boxes as shares of what the boxes of the image cover together."""
    there = np.array([entry.box is not None for entry in objects], bool)
    # Corners may be too large for float32; their shares are not.
    corners = np.zeros((len(objects), 4))
    if there.any():
        corners[there] = [entry.box for entry in objects if entry.box is not None]
    boxes = pad(corners, n_objects)
    known = pad(there, n_objects)[:, :, None]
    start = torch.where(known, boxes[:, :, :2], torch.inf).amin(dim=1, keepdim=True)
    start = torch.where(start.isfinite(), start, 0.0)
    end = torch.where(known, boxes[:, :, 2:], -torch.inf).amax(dim=1, keepdim=True)
    extent = torch.where(end.isfinite(), end - start, 0.0).clamp_min(1e-6)
    boxes = torch.where(known, (boxes - start.repeat(1, 1, 2)) / extent.repeat(1, 1, 2), 0.0)
    sides = boxes[:, :, 2:] - boxes[:, :, :2]
    root = sides.prod(dim=2, keepdim=True).clamp_min(0).sqrt()
    return torch.cat([boxes, sides, root, known], dim=2).float()


def caption_inputs(captions, table, sentence_vectors):
    """Lay captions out as tensors.

    Parameters
    ----------
    captions : list of Caption
    table : PhraseTable
        Words, and the phrases of the triples, are added to it.
    sentence_vectors : callable
        Sentences to vectors.
    """
    words = [words_of(caption.text) for caption in captions]
    triples = [caption.triples for caption in captions]
    phrases = [phrase for triple in chain.from_iterable(triples) for phrase in triple]
    return CaptionInputs(
        pad(table.rows(list(chain.from_iterable(words))), list(map(len, words))),
        pad(table.rows(phrases).reshape(-1, 3), list(map(len, triples))),
        torch.from_numpy(sentence_vectors([caption.text for caption in captions])),
    )
