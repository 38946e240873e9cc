"""
===================================
Find photographs by their relations
===================================

Graphs of 1,014 photographs of Flickr30k, as a scene graph generator found them, and five sentences
of each. They are not part of the package: the folder ``flickr30k_graphs`` is taken from the
environment variable ``SKDEEPCLUSTER_DATA``, or from ``../shared/data``. Sentences are parsed and
understood by the packages of ``pip install "skdeepcluster[text]"``.
"""

# %%
# Graphs and sentences
# --------------------
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from skdeepcluster import SceneGraphRetriever
from skdeepcluster.scenegraph import read_graph_lines

data = Path(os.environ.get("SKDEEPCLUSTER_DATA", "../shared/data"))
records = read_graph_lines(data / "flickr30k_graphs" / "val.jsonl.gz")
graphs = [record.graph for record in records]
captions = [list(record.captions) for record in records]
print(captions[0][0])
print(graphs[0].triples[:3])

# %%
# Training
# --------
# Four fifths of the photographs are learned from. It takes about two minutes, most of it for
# what the sentences mean before training.
order = np.random.RandomState(0).permutation(len(graphs))
train, test = order[:811], order[811:]
est = SceneGraphRetriever(word_vectors="minilm", random_state=0, verbose=1)
est.fit([graphs[i] for i in train], [captions[i] for i in train])

# %%
# How well are the others found?
# ------------------------------
# By five sentences a photograph there are 1,015 to choose from, and 203 photographs.
X, y = [graphs[i] for i in test], [captions[i] for i in test]
print(est.recall_table(X, y).round(3))
print({level: round(share, 2) for level, share in est.level_weights_.items()})

# %%
# A search
# --------
est.index(X)
query = "a dog jumps over a bar"
similarities, found = est.kneighbors([query], 3)
for similarity, place in zip(similarities[0], found[0], strict=True):
    print(f"{similarity:.2f}  {y[place][0]}")

# %%
# Why
# ---
# The boxes that the words of the sentence met, and the relations that its triples met.
explanation = est.explain(X[found[0, 0]], query)
print(explanation)
explanation.plot()
plt.show()
