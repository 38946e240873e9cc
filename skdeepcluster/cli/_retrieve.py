"""``skdeepcluster retrieve``."""

from ._outcome import Outcome
from ._values import integer_from, path

HELP = "find images by sentences, using their scene graphs"
EPILOG = """\
examples:
  skdeepcluster retrieve graphs.jsonl "a dog jumps over a bar" "two men at a table" --model model/
  skdeepcluster retrieve more.jsonl "a man rides a horse" --model model/ -k 3 --explain

Each line of a file is a JSON object, such as
  {"image_id": "7.jpg", "objects": [{"label": "dog", "box": [4, 9, 80, 60]}, {"label": "bar"}],
   "relations": [[0, "over", 1]], "captions": ["A dog jumps over a bar."]}
and the file may be compressed with gzip. The similarity is learned from the captions, which takes
two minutes for a thousand images; --model saves it. Sentences need
pip install "skdeepcluster[text]".

JSON: "n_pictures", "n_training_pictures" (null if a saved model was used), "word_vectors" and
"queries": objects with "query" and "results", objects with "image_id", "similarity" and, with
--explain, "words" (objects with "word", "object", "label", "score", "weight" and "weak"),
"triples" ("triple", "relation", "matched", "score", "weak" and "plausibility") and "denied"
("denied", "matched" and "score"): what the sentence denies, and what in the image is most like it.
"""


def add_options(parser):
    """Add options for the graphs, the sentences, the model and the output."""
    parser.add_argument("graphs", type=path, help="the images to search, as JSON lines")
    parser.add_argument("query", nargs="+", help="a sentence")
    parser.add_argument(
        "--train",
        type=path,
        metavar="GRAPHS",
        help="images with captions to learn from (default: those to search)",
    )
    parser.add_argument(
        "--model",
        type=path,
        metavar="DIR",
        help="folder of the model, which is loaded if it exists, otherwise learned and saved",
    )
    parser.add_argument(
        "-k",
        type=integer_from(1),
        default=5,
        help="number of images for each sentence (default: 5)",
    )
    parser.add_argument("--explain", action="store_true", help="show which words match what")
    parser.add_argument("--seed", type=integer_from(0), default=0, help="random state (default: 0)")


def run(options):
    """Learn from the captions and search."""
    from ..scenegraph import read_graph_lines

    searched = read_graph_lines(options.graphs)
    retriever, n_learned_from = _retriever(options, searched)
    graphs = [record.graph for record in searched]
    n_found = min(options.k, len(graphs))
    similarities, positions = retriever.index(graphs).kneighbors(options.query, n_found)
    queries, lines = [], []
    for query, row, found in zip(options.query, similarities.tolist(), positions, strict=True):
        lines.append(query)
        results = []
        for rank, (similarity, position) in enumerate(zip(row, found, strict=True), 1):
            name = searched[position].image_id
            results.append({"image_id": name, "similarity": similarity})
            lines.append(f"{rank:>4}  {similarity:.3f}  {name}")
            if options.explain:
                explanation = retriever.explain(graphs[position], query)
                for part in ("words", "triples", "denied"):
                    matches = getattr(explanation, part)
                    results[-1][part] = [match._asdict() for match in matches]
                lines += [f"      {line}" for line in str(explanation).splitlines()[1:]]
        queries.append({"query": query, "results": results})
    data = {
        "n_pictures": len(searched),
        "n_training_pictures": n_learned_from,
        "word_vectors": retriever.word_vectors_,
        "queries": queries,
    }
    return Outcome(data, "\n".join(lines))


def _retriever(options, searched):
    """Load the retriever or train it; return it and the number of images it learned from."""
    from .. import SceneGraphRetriever
    from ..scenegraph import read_graph_lines
    from ..storage import check_model_folder, is_model

    if options.model is not None and is_model(options.model):
        if options.train:
            raise ValueError(
                f"There is already a model in {str(options.model)!r}: leave --train out to use "
                "it, or choose another folder."
            )
        return SceneGraphRetriever.load(options.model), None
    captioned = [
        record
        for record in (read_graph_lines(options.train) if options.train else searched)
        if record.captions
    ]
    if not captioned:
        raise ValueError(
            f"There are no captions to learn from in {str(options.train or options.graphs)!r}. "
            "Pass a file that has captions with --train."
        )
    if options.model is not None:
        check_model_folder(options.model)
    # Captions are parsed like the queries, even if the file has triples.
    retriever = SceneGraphRetriever(random_state=options.seed, verbose=1).fit(
        [record.graph for record in captioned], [list(record.captions) for record in captioned]
    )
    if options.model is not None:
        retriever.save(options.model)
    return retriever, len(captioned)
