"""``skdeepcluster retrieve``."""

from pathlib import Path

from ._outcome import Outcome

HELP = "find images by sentences, given their scene graphs"
EPILOG = """\
examples:
  skdeepcluster retrieve graphs.jsonl "a dog jumps over a bar" "two men at a table" --model model/
  skdeepcluster retrieve more.jsonl "a man rides a horse" --model model/ -k 3 --explain

A line of a file is a JSON object, as in
  {"image_id": "7.jpg", "objects": [{"label": "dog", "box": [4, 9, 80, 60]}, {"label": "bar"}],
   "relations": [[0, "over", 1]], "captions": ["A dog jumps over a bar."]}
and the file may be compressed by gzip. The similarity is learned from the captions, some minutes
for a thousand images; --model keeps it. Sentences need pip install "skdeepcluster[text]".

JSON: "n_pictures", "n_training_pictures" (null if the model was there), "word_vectors" and
"queries": objects with "query" and "results", objects with "image_id", "similarity" and, with
--explain, "words" (objects with "word", "object", "label", "score" and "weight") and "triples"
("triple", "relation", "matched" and "score").
"""


def add_options(parser):
    """Graphs, sentences, and how much is told."""
    parser.add_argument("graphs", type=Path, help="the images to search, as lines of JSON")
    parser.add_argument("query", nargs="+", help="a sentence")
    parser.add_argument(
        "--train",
        type=Path,
        metavar="GRAPHS",
        help="images with captions to learn from (default: those that are searched)",
    )
    parser.add_argument(
        "--model",
        type=Path,
        metavar="DIR",
        help="where what is learned is written; if it is there already, nothing is learned",
    )
    parser.add_argument("-k", type=int, default=5, help="images a sentence (default: 5)")
    parser.add_argument("--explain", action="store_true", help="tell what matched what")
    parser.add_argument("--seed", type=int, default=0, help="random state (default: 0)")


def run(options):
    """Learn from the captions, search."""
    from ..scenegraph import read_graph_lines

    if options.k < 1:
        raise ValueError(f"-k must be 1 or more, got {options.k}.")
    searched = read_graph_lines(options.graphs)
    retriever, n_told = _retriever(options, searched)
    graphs = [record.graph for record in searched]
    n_found = min(options.k, len(graphs))
    similarities, places = retriever.index(graphs).kneighbors(options.query, n_found)
    queries, lines = [], []
    for query, row, found in zip(options.query, similarities.tolist(), places, strict=True):
        lines.append(query)
        results = []
        for rank, (similarity, place) in enumerate(zip(row, found, strict=True), 1):
            name = searched[place].image_id
            results.append({"image_id": name, "similarity": similarity})
            lines.append(f"{rank:>4}  {similarity:.3f}  {name}")
            if options.explain:
                explanation = retriever.explain(graphs[place], query)
                results[-1]["words"] = [match._asdict() for match in explanation.words]
                results[-1]["triples"] = [match._asdict() for match in explanation.triples]
                lines += [f"      {line}" for line in str(explanation).splitlines()[1:]]
        queries.append({"query": query, "results": results})
    data = {
        "n_pictures": len(searched),
        "n_training_pictures": n_told,
        "word_vectors": retriever.word_vectors_,
        "queries": queries,
    }
    return Outcome(data, "\n".join(lines))


def _retriever(options, searched):
    """Read the retriever, or train it; return it and the number of images learned from."""
    from .. import SceneGraphRetriever
    from ..scenegraph import read_graph_lines
    from ..storage import check_model_folder, is_model

    if options.model is not None and is_model(options.model):
        if options.train:
            raise ValueError(
                f"There is a model in {str(options.model)!r} already: leave --train out to use "
                "it, or name another folder."
            )
        return SceneGraphRetriever.load(options.model), None
    told = [
        record
        for record in (read_graph_lines(options.train) if options.train else searched)
        if record.captions
    ]
    if not told:
        raise ValueError(
            f"There are no captions to learn from in {str(options.train or options.graphs)!r}. "
            "Name a file that has some with --train."
        )
    if options.model is not None:
        check_model_folder(options.model)
    # Captions are parsed as the queries are, whatever triples the file has.
    retriever = SceneGraphRetriever(random_state=options.seed, verbose=1).fit(
        [record.graph for record in told], [list(record.captions) for record in told]
    )
    if options.model is not None:
        retriever.save(options.model)
    return retriever, len(told)
