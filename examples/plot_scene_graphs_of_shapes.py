"""
=========================================
Sentences that differ only in their order
=========================================

"A red circle left of a blue square" and "a blue square left of a red circle" have the same words.
Only the relation says which of two images is meant: this is what scene graphs are for. Here images
of three shapes are drawn together with their graphs, as a detector would find them, so that
nothing but the package is needed.
"""

# %%
# Images, graphs and sentences
# ------------------------------
# A sentence may be a string, which ``TextGraphParser`` parses (that needs spaCy), or come with
# its triples, as here.
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Circle, Rectangle, RegularPolygon

from skdeepcluster import SceneGraph, SceneGraphRetriever, TrainingCurveDisplay

COLORS = ("red", "blue", "green", "brown", "purple", "black")
SHAPES = ("circle", "square", "triangle")


def draw_scene(rng):
    """Place three shapes in an image of 100 by 100; return its graph and three sentences."""
    names = rng.choice([f"{c} {s}" for c in COLORS for s in SHAPES], 3, replace=False)
    centers = rng.permutation(np.linspace(15, 85, 3)), rng.permutation(np.linspace(15, 85, 3))
    centers = np.stack(centers, axis=1) + rng.uniform(-5, 5, (3, 2))
    objects = [
        {"label": name, "box": (x - 10, y - 10, x + 10, y + 10)}
        for name, (x, y) in zip(names, centers, strict=True)
    ]
    relations, sentences = [], []
    for i, j in ((0, 1), (1, 2), (2, 0)):
        axis = rng.randint(2)
        words = (("left of", "right of"), ("above", "below"))[axis]
        word = words[int(centers[i, axis] > centers[j, axis])]
        relations.append((i, word, j))
        triple = (names[i], word, names[j])
        sentences.append({"text": f"a {names[i]} {word} a {names[j]}", "triples": [triple]})
    return SceneGraph(objects, relations), sentences


def paint(graph, ax):
    for thing in graph.objects:
        color, shape = thing.label.split()
        left, top, right, bottom = thing.box
        center = ((left + right) / 2, (top + bottom) / 2)
        patch = {
            "circle": Circle(center, 9),
            "square": Rectangle((left + 1, top + 1), 18, 18),
            "triangle": RegularPolygon(center, 3, radius=10, orientation=np.pi),
        }[shape]
        patch.set_color(color)
        ax.add_patch(patch)
    ax.set(xlim=(0, 100), ylim=(100, 0), aspect="equal")
    ax.set_xticks([])
    ax.set_yticks([])


rng = np.random.RandomState(0)
graphs, sentences = map(list, zip(*(draw_scene(rng) for _ in range(600)), strict=True))
fig, axes = plt.subplots(1, 3, figsize=(9, 3.4))
for ax, graph, texts in zip(axes, graphs, sentences, strict=False):
    paint(graph, ax)
    ax.set_title(texts[0]["text"], fontsize=8)
plt.show()

# %%
# Training
# --------
# On five hundred images; a hundred are held out. The meaning of the words is learned from these
# pairs alone. A sentence describes a part of the image; with ``symmetric=False`` it is not
# penalised for what it leaves out.
est = SceneGraphRetriever(word_vectors="pairs", symmetric=False, max_epochs=30, random_state=0)
est.fit(graphs[:500], sentences[:500])
print(est.recall_table(graphs[500:], sentences[500:]).round(3))
TrainingCurveDisplay.from_estimator(est)
plt.show()

# %%
# Exchanged shapes
# ----------------
# Each sentence of the held-out images is compared with the same sentence with its two shapes
# exchanged. From the words alone, half of the answers are right by chance.
exchanged = []
for texts in sentences[500:]:
    first, word, second = texts[0]["triples"][0]
    text = f"a {second} {word} a {first}"
    exchanged.append({"text": text, "triples": [(second, word, first)]})
true = est.similarity(graphs[500:], [texts[0] for texts in sentences[500:]]).diagonal()
false = est.similarity(graphs[500:], exchanged).diagonal()
print(f"the true sentence fits better in {np.mean(true > false):.0%} of the images")

# %%
# Search and explanation
# ----------------------
est.index(graphs[500:])
query = sentences[500][0]
similarities, found = est.kneighbors([query], 3)
fig, axes = plt.subplots(1, 3, figsize=(9, 3.4))
for ax, place, similarity in zip(axes, found[0], similarities[0], strict=True):
    paint(graphs[500 + place], ax)
    ax.set_title(f"{similarity:.2f}")
fig.suptitle(query["text"])
plt.show()

# %%
# ``explain`` shows which object matches a word, and which relation a triple.
explanation = est.explain(graphs[500], query)
print(explanation)
fig, ax = plt.subplots(figsize=(4, 4))
paint(graphs[500], ax)
explanation.plot(ax=ax)
plt.show()
