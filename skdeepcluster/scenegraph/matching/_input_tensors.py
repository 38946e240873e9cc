"""Graphs and captions as padded tensors of phrase numbers and boxes."""

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, NamedTuple, Self

import numpy as np
import torch

from ..graph import Caption, SceneGraph
from ._padding import pad, trim
from ._phrase_table import PhraseTable
from ._words import split_words

# Left, top, right, bottom, width, height and the square root of the area, as shares of the
# image; 1 if there is a box.
N_BOX_NUMBERS = 8


class GraphTensors(NamedTuple):
    """The graphs of n images.

    Labels and predicates are rows of a phrase table, 0 where there is none.
    """

    labels: torch.Tensor  # (n, n_objects), int64
    boxes: torch.Tensor  # (n, n_objects, N_BOX_NUMBERS)
    features: torch.Tensor  # (n, n_objects, n_features)
    pairs: torch.Tensor  # (n, n_relations, 2), int64
    predicates: torch.Tensor  # (n, n_relations), int64
    relation_features: torch.Tensor  # (n, n_relations, n_features)

    def take(self, indices: Any) -> Self:
        """Return a part of the graphs, without the padding that they do not need."""
        labels, predicates = trim(self.labels[indices]), trim(self.predicates[indices])
        n_objects, n_relations = labels.shape[1], predicates.shape[1]
        return self._replace(
            labels=labels,
            boxes=self.boxes[indices, :n_objects],
            features=self.features[indices, :n_objects],
            pairs=self.pairs[indices, :n_relations],
            predicates=predicates,
            relation_features=self.relation_features[indices, :n_relations],
        )

    def to(self, device: torch.device) -> Self:
        """Return the graphs on a device."""
        return type(self)(*(part.to(device) for part in self))

    @property
    def sizes(self) -> torch.Tensor:
        """Number of objects and relations of each graph, (n,)."""
        return (self.labels > 0).sum(dim=1) + (self.predicates > 0).sum(dim=1)


class CaptionTensors(NamedTuple):
    """Captions; words and phrases are rows of a phrase table, 0 where there is none."""

    words: torch.Tensor  # (n, n_words), int64
    triples: torch.Tensor  # (n, n_triples, 3), int64
    sentences: torch.Tensor  # (n, n_dimensions)
    denied_objects: torch.Tensor  # (n, n_denied), int64
    denied_triples: torch.Tensor  # (n, n_denied_triples, 3), int64

    def take(self, indices: Any) -> Self:
        """Return a part of the captions, without the padding that they do not need."""
        return self._replace(
            words=trim(self.words[indices]),
            triples=trim(self.triples[indices]),
            sentences=self.sentences[indices],
            denied_objects=trim(self.denied_objects[indices]),
            denied_triples=trim(self.denied_triples[indices]),
        )

    def to(self, device: torch.device) -> Self:
        """Return the captions on a device."""
        return type(self)(*(part.to(device) for part in self))

    @property
    def sizes(self) -> torch.Tensor:
        """Number of words and triples of each caption, (n,)."""
        return (self.words > 0).sum(dim=1) + (self.triples[:, :, 0] > 0).sum(dim=1)


def graph_tensors(graphs: list[SceneGraph], table: PhraseTable, n_features: int) -> GraphTensors:
    """Turn graphs into tensors.

    Parameters
    ----------
    graphs : list of SceneGraph
    table : PhraseTable
        Labels and predicates are added to it.
    n_features : int
        Length of the features of objects and relations; missing ones are zeros.

    Returns
    -------
    tensors : GraphTensors
    """
    n_objects = [len(graph.objects) for graph in graphs]
    n_relations = [len(graph.relations) for graph in graphs]
    objects = list(chain.from_iterable(graph.objects for graph in graphs))
    relations = list(chain.from_iterable(graph.relations for graph in graphs))
    pairs = np.array([(r.subject, r.object) for r in relations], np.int64).reshape(-1, 2)
    return GraphTensors(
        pad(table.rows([entry.label for entry in objects]), n_objects),
        _box_numbers(objects, n_objects),
        pad(_features(objects, n_features), n_objects),
        pad(pairs, n_relations),
        pad(table.rows([entry.predicate for entry in relations]), n_relations),
        pad(_features(relations, n_features), n_relations),
    )


def count_features(graphs: list[SceneGraph]) -> int:
    """Return the length of the features of objects and relations, 0 if there are none."""
    features = [entry.feature for graph in graphs for entry in graph.objects]
    features += [entry.feature for graph in graphs for entry in graph.relations]
    lengths = {len(feature) for feature in features if feature is not None}
    if len(lengths) > 1:
        raise ValueError(f"Features of objects and relations differ in length: {sorted(lengths)}.")
    return lengths.pop() if lengths else 0


def _features(entries, n_features):
    rows = np.zeros((len(entries), n_features), np.float32)
    for row, entry in zip(rows, entries, strict=True):
        if entry.feature is not None and n_features:
            if len(entry.feature) != n_features:
                raise ValueError(
                    f"A feature has {len(entry.feature)} numbers; those of the training have "
                    f"{n_features}."
                )
            row[:] = entry.feature
    return rows


def _box_numbers(objects, n_objects):
    """Return boxes as shares of the extent of all boxes of the image."""
    has_box = np.array([entry.box is not None for entry in objects], bool)
    # Corners may be too large for float32; their shares are not.
    corners = np.zeros((len(objects), 4))
    if has_box.any():
        corners[has_box] = [entry.box for entry in objects if entry.box is not None]
    boxes = pad(corners, n_objects)
    known = pad(has_box, n_objects)[:, :, None]
    start = torch.where(known, boxes[:, :, :2], torch.inf).amin(dim=1, keepdim=True)
    start = torch.where(start.isfinite(), start, 0.0)
    end = torch.where(known, boxes[:, :, 2:], -torch.inf).amax(dim=1, keepdim=True)
    extent = torch.where(end.isfinite(), end - start, 0.0).clamp_min(1e-6)
    boxes = torch.where(known, (boxes - start.repeat(1, 1, 2)) / extent.repeat(1, 1, 2), 0.0)
    sides = boxes[:, :, 2:] - boxes[:, :, :2]
    root = sides.prod(dim=2, keepdim=True).clamp_min(0).sqrt()
    return torch.cat([boxes, sides, root, known], dim=2).float()


def caption_tensors(
    captions: list[Caption],
    table: PhraseTable,
    sentence_vectors: Callable[[list[str]], np.ndarray],
) -> CaptionTensors:
    """Turn captions into tensors.

    Parameters
    ----------
    captions : list of Caption
        With their triples.
    table : PhraseTable
        Words, and the phrases of the triples, are added to it.
    sentence_vectors : callable
        Maps sentences to vectors.

    Returns
    -------
    tensors : CaptionTensors
    """
    words = [split_words(caption.stated_text) for caption in captions]
    denied = [caption.denied_objects for caption in captions]
    return CaptionTensors(
        pad(table.rows(list(chain.from_iterable(words))), list(map(len, words))),
        triple_rows([caption.triples or () for caption in captions], table),
        torch.from_numpy(sentence_vectors([caption.stated_text for caption in captions])),
        pad(table.rows(list(chain.from_iterable(denied))), list(map(len, denied))),
        triple_rows([caption.denied_triples for caption in captions], table),
    )


def triple_rows(
    triples: Sequence[Sequence[tuple[str, str, str]]], table: PhraseTable
) -> torch.Tensor:
    """Return the rows of captions' triples, (n_captions, n_triples, 3); new phrases are added."""
    phrases = [phrase for triple in chain.from_iterable(triples) for phrase in triple]
    return pad(table.rows(phrases).reshape(-1, 3), list(map(len, triples)))
