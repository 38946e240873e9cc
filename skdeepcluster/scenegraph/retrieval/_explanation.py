"""Explanations: which parts of a caption matched which parts of an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..graph import Caption, SceneGraph
from ..matching import Encoded, MatchingModel, split_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes


# Cosine below which a match is weak. Of words and objects with different names, in photographs of
# Flickr30k and captions of others, 95 in 100 are below 0.36 (word vectors of a sentence encoder)
# and 0.31 (of the pairs); the median of words that name the object is 0.75 and 0.49.
_WEAK = 0.4
# Plausibility below which a triple is implausible: 2 in 100 of captions of Flickr30k that nothing
# was learned from, and 5 in 100 where predicates are those of other captions.
_IMPLAUSIBLE = 0.25


class WordMatch(NamedTuple):
    """A word of a caption and the object that matches it best.

    ``word`` is str, ``object`` an index into the graph's objects, ``label`` that object's label,
    ``score`` the cosine of the two, ``weight`` the word's share in the similarity, ``weak`` whether
    the two have little to do with each other: no object is what the word says. A word that occurs
    several times is one match, with the best object, the mean score and the sum of the weights.
    """

    word: str
    object: int
    label: str
    score: float
    weight: float
    weak: bool


class TripleMatch(NamedTuple):
    """A triple of a caption and the relation that matches it best.

    ``triple`` and ``matched`` are (subject, predicate, object), ``relation`` is an index into the
    graph's relations, ``score`` the cosine of the two, ``weak`` whether they have little to do with
    each other. ``plausibility`` is the probability that the caption has not mixed up the triple,
    by what predicates go between what nouns in other captions; None if that was not learned.
    """

    triple: tuple[str, str, str]
    relation: int
    matched: tuple[str, str, str]
    score: float
    weak: bool
    plausibility: float | None


class DeniedMatch(NamedTuple):
    """What a caption denies, and what in the image is most like it.

    ``denied`` and ``matched`` are str, the words of an object or of a triple; ``score`` is the
    cosine of the two. A high one counts against the image.
    """

    denied: str
    matched: str
    score: float


class Explanation(NamedTuple):
    """Which parts of a caption matched which parts of an image.

    ``similarity`` is float, the retriever's similarity without a global model; ``words`` a list
    of WordMatch in the order of the sentence, ``triples`` a list of TripleMatch, ``levels`` a
    dict of each level's similarity, ``graph`` the image's SceneGraph, ``caption`` the sentence
    and ``denied`` a list of DeniedMatch. Of a sentence that denies something, ``words`` are those
    of what it states.
    """

    similarity: float
    words: list[WordMatch]
    triples: list[TripleMatch]
    levels: dict[str, float]
    graph: SceneGraph
    caption: str
    denied: list[DeniedMatch]

    def plot(self, image: Any = None, *, n_words: int = 5, ax: Axes | None = None) -> Axes:
        """Draw the matched objects on the image, with the words that matched them.

        Weak matches are left out.

        Parameters
        ----------
        image : image, default=None
            An array, a Pillow image or a path.
        n_words : int, default=5
            Number of words to show, those of the largest weight.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        ax : matplotlib Axes
        """
        from ._explanation_plot import plot_matches

        return plot_matches(self, image, n_words, ax)

    def __str__(self) -> str:
        lines = [f"{self.caption!r}: {self.similarity:.3f}"]
        lines += [
            f"  {match.word} -> {match.label} [{match.object}]  {match.score:.2f} "
            f"(weight {match.weight:.2f}{', weak' if match.weak else ''})"
            for match in self.words
        ]
        lines += [
            f"  {' '.join(match.triple)} -> {' '.join(match.matched)}  {match.score:.2f}"
            f"{_remarks(match)}"
            for match in self.triples
        ]
        lines += [
            f"  not {match.denied} -> {match.matched}  {match.score:.2f}" for match in self.denied
        ]
        return "\n".join(lines)


def explain_pair(
    graph: SceneGraph,
    caption: Caption,
    image: Encoded,
    sentence: Encoded,
    model: MatchingModel,
    plausibilities: list[float] | None = None,
) -> Explanation:
    """Find the best matches of a caption's nodes in an image.

    Parameters
    ----------
    graph : SceneGraph
    caption : Caption
        With its triples.
    image, sentence : Encoded
        The two, encoded.
    model : MatchingModel
    plausibilities : list of float, default=None
        Of the caption's triples.

    Returns
    -------
    explanation : Explanation
    """
    word_matches, triple_matches = [], []
    words = split_words(caption.stated_text)
    if image.objects.mask.any() and words:
        weights = sentence.objects.weights[0]
        weights = weights / weights.sum().clamp_min(1e-12)
        occurrences: dict[str, list[tuple]] = {}
        for word, (index, score), weight in zip(
            words, _best(image.objects, sentence.objects), weights.tolist(), strict=False
        ):
            occurrences.setdefault(word, []).append((score, index, weight))
        word_matches = [_match(word, found, graph) for word, found in occurrences.items()]
    if image.relations.mask.any() and caption.triples:
        found = _best(image.relations, sentence.relations)
        known = [None] * len(caption.triples) if plausibilities is None else plausibilities
        triple_matches = [
            TripleMatch(triple, index, graph.triples[index], score, score < _WEAK, plausibility)
            for triple, (index, score), plausibility in zip(
                caption.triples, found, known, strict=False
            )
        ]
    levels = {
        level: float(model.level_similarity(level, image, sentence)[0]) for level in model.levels
    }
    similarity = float(model.joint_similarity(image, sentence))
    denied = [
        *_denied(graph.labels, caption.denied_objects, image.objects, sentence.denied_objects),
        *_denied(
            list(map(" ".join, graph.triples)),
            list(map(" ".join, caption.denied_triples)),
            image.relations,
            sentence.denied_relations,
        ),
    ]
    return Explanation(
        similarity, word_matches, triple_matches, levels, graph, caption.text, denied
    )


def _remarks(match):
    implausible = match.plausibility is not None and match.plausibility < _IMPLAUSIBLE
    remarks = [*["weak"] * match.weak, *["implausible"] * implausible]
    return f" ({', '.join(remarks)})" if remarks else ""


def _denied(shown, phrases, visual, textual):
    if textual is None or not visual.mask.any():
        return []
    matches = zip(phrases, _best(visual, textual), strict=False)
    return [DeniedMatch(phrase, shown[index], score) for phrase, (index, score) in matches]


def _best(visual, textual):
    products = textual.vectors[0] @ visual.vectors[0].T
    scores, indices = products.masked_fill(~visual.mask[0], -2).max(dim=1)
    return zip(indices.tolist(), scores.tolist(), strict=True)


def _match(word, occurrences, graph):
    """Make one match of all occurrences of a word, which have different contexts."""
    weight = sum(part for *_, part in occurrences)
    shares = [part / weight if weight else 1 / len(occurrences) for *_, part in occurrences]
    score = sum(share * value for share, (value, *_) in zip(shares, occurrences, strict=True))
    _, best, _ = max(occurrences)
    return WordMatch(word, best, graph.labels[best], score, weight, score < _WEAK or not weight)
