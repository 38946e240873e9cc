"""Explanations: which parts of a caption matched which parts of an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..graph import Caption, SceneGraph
from ..matching import Encoded, MatchingModel, split_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class WordMatch(NamedTuple):
    """A word of a caption and the object that matches it best.

    ``word`` is str, ``object`` an index into the graph's objects, ``label`` that object's label,
    ``score`` the cosine of the two, ``weight`` the word's share in the similarity.
    """

    word: str
    object: int
    label: str
    score: float
    weight: float


class TripleMatch(NamedTuple):
    """A triple of a caption and the relation that matches it best.

    ``triple`` and ``matched`` are (subject, predicate, object), ``relation`` is an index into the
    graph's relations, ``score`` the cosine of the two.
    """

    triple: tuple[str, str, str]
    relation: int
    matched: tuple[str, str, str]
    score: float


class Explanation(NamedTuple):
    """Which parts of a caption matched which parts of an image.

    ``similarity`` is float, the retriever's similarity without a global model; ``words`` a list
    of WordMatch in the order of the sentence, ``triples`` a list of TripleMatch, ``levels`` a
    dict of each level's similarity, ``graph`` the image's SceneGraph and ``caption`` the
    sentence.
    """

    similarity: float
    words: list[WordMatch]
    triples: list[TripleMatch]
    levels: dict[str, float]
    graph: SceneGraph
    caption: str

    def plot(self, image: Any = None, *, n_words: int = 5, ax: Axes | None = None) -> Axes:
        """Draw the matched objects on the image, with the words that matched them.

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
            f"(weight {match.weight:.2f})"
            for match in self.words
        ]
        lines += [
            f"  {' '.join(match.triple)} -> {' '.join(match.matched)}  {match.score:.2f}"
            for match in self.triples
        ]
        return "\n".join(lines)


def explain_pair(
    graph: SceneGraph,
    caption: Caption,
    image: Encoded,
    sentence: Encoded,
    model: MatchingModel,
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

    Returns
    -------
    explanation : Explanation
    """
    word_matches, triple_matches = [], []
    words = split_words(caption.text)
    if image.objects.mask.any() and words:
        weights = sentence.objects.weights[0]
        weights = weights / weights.sum().clamp_min(1e-12)
        for word, (index, score), weight in zip(
            words, _best(image.objects, sentence.objects), weights.tolist(), strict=False
        ):
            word_matches.append(WordMatch(word, index, graph.labels[index], score, weight))
    if image.relations.mask.any() and caption.triples:
        for triple, (index, score) in zip(
            caption.triples, _best(image.relations, sentence.relations), strict=False
        ):
            triple_matches.append(TripleMatch(triple, index, graph.triples[index], score))
    levels = {
        level: float(model.level_similarity(level, image, sentence)[0]) for level in model.levels
    }
    similarity = float(model.joint_similarity(image, sentence))
    return Explanation(similarity, word_matches, triple_matches, levels, graph, caption.text)


def _best(visual, textual):
    products = textual.vectors[0] @ visual.vectors[0].T
    scores, indices = products.masked_fill(~visual.mask[0], -2).max(dim=1)
    return zip(indices.tolist(), scores.tolist(), strict=True)
