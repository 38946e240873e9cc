"""Why a caption fits an image."""

from typing import Any, NamedTuple


class WordMatch(NamedTuple):
    """A word of a caption and the object that fits it best.

    ``word`` is str, ``object`` a position in the graph's objects, ``label`` that object's label,
    ``score`` the cosine of the two, ``weight`` the word's share in the similarity.
    """

    word: str
    object: int
    label: str
    score: float
    weight: float


class TripleMatch(NamedTuple):
    """A triple of a caption and the relation that fits it best.

    ``triple`` and ``matched`` are (subject, predicate, object), ``relation`` is a position in the
    graph's relations, ``score`` the cosine of the two.
    """

    triple: tuple
    relation: int
    matched: tuple
    score: float


class Explanation(NamedTuple):
    """What of a caption matched what of an image.

    ``similarity`` is float, as ``similarity`` of the retriever has it without a global model;
    ``words`` a list of WordMatch in the order of the sentence, ``triples`` a list of TripleMatch,
    ``levels`` a dict of each level's similarity, ``graph`` the image's SceneGraph and
    ``caption`` the sentence.
    """

    similarity: float
    words: list
    triples: list
    levels: dict
    graph: Any
    caption: str

    def plot(self, image=None, *, n_words=5, ax=None):
        """Draw the matched objects on the image, and list what matched them.

        Parameters
        ----------
        image : image, default=None
            An array, a Pillow image or a path.
        n_words : int, default=5
            Words to show, those that count most first.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        ax : matplotlib Axes
        """
        from ..graph._plot import plot_matches

        return plot_matches(self, image, n_words, ax)

    def __str__(self):
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


def explain_pair(graph, caption, words, images, captions, model):
    """Find the best matches of a caption's nodes in an image.

    Parameters
    ----------
    graph : SceneGraph
    caption : Caption
    words : list of str
    images, captions : Encoded
        Of one image and one caption.
    model : MatchingModel

    Returns
    -------
    explanation : Explanation
    """
    word_matches, triple_matches = [], []
    if images.objects.mask.any() and words:
        weights = captions.objects.weights[0]
        weights = weights / weights.sum().clamp_min(1e-12)
        for word, (place, score), weight in zip(
            words, _best(images.objects, captions.objects), weights.tolist(), strict=False
        ):
            word_matches.append(WordMatch(word, place, graph.labels[place], score, weight))
    if images.relations.mask.any() and caption.triples:
        for triple, (place, score) in zip(
            caption.triples, _best(images.relations, captions.relations), strict=False
        ):
            triple_matches.append(TripleMatch(triple, place, graph.triples[place], score))
    levels = {level: float(model.level(level, images, captions)[0]) for level in model.levels}
    similarity = float(model.similarity(images, captions))
    return Explanation(similarity, word_matches, triple_matches, levels, graph, caption.text)


def _best(visual, textual):
    products = textual.vectors[0] @ visual.vectors[0].T
    scores, places = products.masked_fill(~visual.mask[0], -2).max(dim=1)
    return zip(places.tolist(), scores.tolist(), strict=True)
