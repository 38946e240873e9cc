"""Drawing of explanations."""

from ..graph import SceneGraph, SceneObject


def plot_matches(explanation, image, n_words, ax):
    """Draw the objects that matched the heaviest words, and the relations that matched triples."""
    graph = explanation.graph
    words = [match for match in explanation.words if not match.weak]
    words = sorted(words, key=lambda match: -match.weight)[:n_words]
    triples = [match for match in explanation.triples if not match.weak]
    relations = list(dict.fromkeys(match.relation for match in triples))
    ends = {end for relation in relations for end in graph.pairs[relation].tolist()}
    kept = sorted({match.object for match in words} | ends)
    new_index = {old: new for new, old in enumerate(kept)}
    words_of: dict = {index: [] for index in kept}
    for match in words:
        words_of[match.object].append(match.word)
    objects = [
        SceneObject(_title(graph.labels[index], words_of[index]), graph.objects[index].box)
        for index in kept
    ]
    matched = [graph.relations[relation] for relation in relations]
    subgraph = SceneGraph(
        objects, [(new_index[r.subject], r.predicate, new_index[r.object]) for r in matched]
    )
    ax = subgraph.plot(image, ax=ax)
    ax.set_title(
        f"{explanation.caption}\nsimilarity {explanation.similarity:.3f}",
        fontsize=9,
        wrap=True,
        parse_math=False,
    )
    return ax


def _title(label, words):
    return f"{label}: {', '.join(dict.fromkeys(words))}" if words else label
