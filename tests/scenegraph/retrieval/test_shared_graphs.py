"""Retrieval on real graphs, where they are at hand."""

import os
from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from skdeepcluster import SceneGraphRetriever
from skdeepcluster.scenegraph import read_graph_lines
from skdeepcluster.scenegraph.retrieval._recall import mean_recall, recall_table

GRAPHS = (
    Path(os.environ.get("SKDEEPCLUSTER_DATA", Path(__file__).parents[4] / "shared" / "data"))
    / "flickr30k_graphs"
    / "val.jsonl.gz"
)


@pytest.fixture(scope="module")
def real_pairs():
    records = read_graph_lines(GRAPHS)[:200]
    captions = [
        [
            {"text": text, "triples": triples}
            for text, triples in zip(record.captions, record.caption_triples, strict=True)
        ]
        for record in records
    ]
    return [record.graph for record in records], captions


@pytest.mark.skipif(not GRAPHS.is_file(), reason=f"no {GRAPHS}: set SKDEEPCLUSTER_DATA")
def test_better_than_counting_words(real_pairs):
    X, y = real_pairs
    est = SceneGraphRetriever(word_vectors="pairs", max_epochs=3, random_state=0).fit(
        X[:150], y[:150]
    )
    owners = np.repeat(np.arange(50), [len(several) for several in y[150:]])
    tfidf = TfidfVectorizer()
    seen = [" ".join(graph.labels + graph.predicates) for graph in X]
    read = [[caption["text"] for caption in several] for several in y]
    tfidf.fit([*seen[:150], *(text for several in read[:150] for text in several)])
    texts = [text for several in read[150:] for text in several]
    cosines = (tfidf.transform(seen[150:]) @ tfidf.transform(texts).T).toarray()
    baseline = mean_recall(recall_table(cosines, owners, np.arange(50)))
    assert est.score(X[150:], y[150:]) > baseline + 0.05
