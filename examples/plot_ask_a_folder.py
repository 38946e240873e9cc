"""
============
Ask a folder
============

From images to a sentence's answer and its explanation, with nothing downloaded. The packaged
classifier of ImageNet's classes finds the objects. It was never taught where they are, and is weak:
a detector that was (the default of ``VisualGraphParser``) finds more, but has to be downloaded.
"""

# %%
# A folder of images
# ------------------
# Pictures that come with scikit-image and scikit-learn, two at a time, so that it is known what is
# where.
import tempfile
from itertools import permutations
from pathlib import Path

from PIL import Image
from skimage import data
from sklearn.datasets import load_sample_image

from skdeepcluster import SceneGraphRetriever, VisualGraphParser, list_images

photographs = {
    "cat": Image.fromarray(data.chelsea()),
    "cup": Image.fromarray(data.coffee()),
    "palace": Image.fromarray(load_sample_image("china.jpg")),
}
places = {"left of": ((20, 120), (345, 140)), "above": ((160, 15), (180, 265))}
folder = Path(tempfile.mkdtemp())
for one, other in permutations(photographs, 2):
    for predicate, corners in places.items():
        scene = Image.new("RGB", (660, 480), (110, 120, 130))
        for name, corner in zip((one, other), corners, strict=True):
            scene.paste(photographs[name].resize((290, 200)), corner)
        scene.save(folder / f"{one} {predicate} {other}.png")
paths = list_images(folder)

# %%
# Graphs
# ------
parser = VisualGraphParser("efficientnet_lite0")
graphs = parser.transform(paths)
for path, graph in list(zip(paths, graphs, strict=True))[:4]:
    print(f"{path.stem}: {', '.join(map(' '.join, graph.triples))}")

# %%
# Sentences
# ---------
# A retriever learns from images with captions, here from the same few ones, and with triples, so
# that nothing has to parse them. More than a toy needs a thousand captions, or a retriever that
# was trained elsewhere (``SceneGraphRetriever.load``).


def as_caption(one, predicate, other):
    return {"text": f"a {one} {predicate} a {other}", "triples": [(one, predicate, other)]}


captions = []
for path in paths:
    predicate = next(name for name in places if name in path.stem)
    one, other = path.stem.split(f" {predicate} ")
    captions.append(as_caption(one, predicate, other))
retriever = SceneGraphRetriever(max_epochs=60, random_state=0).fit(graphs, captions)

# %%
# Answers
# -------
# ``explain`` tells which word met which object. What the classifier calls "espresso" and "bell
# cote" is what the captions call a cup and a palace: word vectors bring these together.
retriever.index(graphs, ids=[path.name for path in paths])
question = as_caption("cup", "above", "palace")
similarities, names = retriever.kneighbors([question], 3, return_ids=True)
for name, similarity in zip(names[0], similarities[0], strict=True):
    print(f"{similarity:.2f}  {name}")

# %%
best = next(i for i, path in enumerate(paths) if path.name == names[0, 0])
explanation = retriever.explain(graphs[best], question)
print(explanation)
explanation.plot(paths[best])
