"""Images to scene graphs."""

from numbers import Integral, Real
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.base import _fit_context as fit_context
from sklearn.utils._param_validation import Interval

from ...backbones import Backbone
from ...embedding import ImageEmbedder
from ...images import as_image_source
from ..graph._entries import shown
from ._detector import Detector
from ._geometry import box_predicates, related_pairs
from ._scene import Scene, add_features, encode_labels, match_predicates


class VisualGraphParser(TransformerMixin, BaseEstimator):
    """Turn images into scene graphs.

    A detector finds the objects. How their boxes lie to one another makes the relations: "on",
    "under", "in", "beside", "overlapping", and "above", "below", "left of", "right of" of boxes
    that are apart. An open_clip backbone finds labels and predicates of your own instead, by the
    phrases that are nearest to what it sees.

    Parameters
    ----------
    detector : str or torch.nn.Module, default="fasterrcnn_resnet50_fpn_v2"
        Name of a detector of torchvision, or a module that takes and returns what these do: a
        list of images (3, height, width) in [0, 1], and a list of dicts with "boxes" (n, 4),
        "labels" (n,) and "scores" (n,).
    weights : path, default=None
        State dict of the detector, ``.safetensors`` or what ``torch.save`` wrote; nothing in
        the file is run, and the number of classes is found in it. None fetches torchvision's
        own.
    backbone : str, path, torch.nn.Module or Backbone, default=None
        Network for the features of objects, of what is in their boxes, and of relations, of
        what is in the box around both: a name of
        :func:`skdeepcluster.backbones.list_backbones` or whatever
        :func:`skdeepcluster.backbones.load_backbone` takes. None leaves features out.
    labels : list of str, default=None
        With a backbone "open_clip:...", a vocabulary: the label of an object is the word for
        which "a photo of {label}" is nearest to its feature. Otherwise names of the detector's
        classes 1, 2, ...; class 0 is the background. None is the names of the detector's
        weights, which are those of COCO.
    predicates : list of str, default=None
        A vocabulary, for a backbone "open_clip:..." alone: a relation is the phrase "a photo of
        {subject} {predicate} {object}", in either order of the two, that is nearest to the
        feature of the box around both. None is by the boxes.
    max_objects : int, default=36
        The surest are kept.
    min_score : float, default=0.3
        Objects of which the detector is less sure are left out.
    max_relations : int, default=25
        The most related pairs are kept: by the product of scores, times the sum of IoU and of
        the share of the box around both that the two fill.
    device : str or torch.device, default="auto"
        "auto" takes a GPU if there is one.
    batch_size : int, default=8
        Images that are in memory together. Those of one size go through the detector together.
    verbose : int, default=0
        Above 0, a progress bar is shown.

    See Also
    --------
    TextGraphParser : For sentences.
    skdeepcluster.ImageEmbedder : Features of whole images.

    Notes
    -----
    Of boxes that cover the same place (IoU above 0.8) the surest is kept, whatever their classes.
    Without predicates of your own, the smaller box of a pair is the subject.

    Quality comes with downloads. Average precision of boxes on COCO and size, as torchvision
    has them: "fasterrcnn_resnet50_fpn_v2" 46.7 and 167 MB, "maskrcnn_resnet50_fpn_v2" 47.4 and
    177 MB; on a slow machine "fasterrcnn_mobilenet_v3_large_fpn" 32.8 and 74 MB,
    "ssdlite320_mobilenet_v3_large" 21.3 and 13 MB. "open_clip:ViT-B-32/laion2b_s34b_b79k" (605
    MB) knows words.

    The text tower is loaded once a call of ``transform`` with ``predicates``, which takes
    seconds: pass many images at a time.

    References
    ----------
    S. Ren et al., "Faster R-CNN: Towards Real-Time Object Detection with Region Proposal
    Networks", NeurIPS 2015.

    A. Radford et al., "Learning Transferable Visual Models From Natural Language Supervision",
    ICML 2021, for labels by phrases.

    Examples
    --------
    >>> from skdeepcluster import VisualGraphParser  # doctest: +SKIP
    >>> parser = VisualGraphParser()  # doctest: +SKIP
    >>> parser.parse("street.jpg").triples  # doctest: +SKIP
    (('person', 'on', 'bicycle'), ('person', 'left of', 'car'))
    """

    _parameter_constraints: dict = {
        "detector": [str, torch.nn.Module],
        "weights": [str, Path, None],
        "backbone": [str, Path, torch.nn.Module, Backbone, None],
        "labels": ["array-like", None],
        "predicates": ["array-like", None],
        "max_objects": [Interval(Integral, 1, None, closed="left")],
        "min_score": [Interval(Real, 0, 1, closed="both")],
        "max_relations": [Interval(Integral, 0, None, closed="left")],
        "device": [str, torch.device],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        detector="fasterrcnn_resnet50_fpn_v2",
        *,
        weights=None,
        backbone=None,
        labels=None,
        predicates=None,
        max_objects=36,
        min_score=0.3,
        max_relations=25,
        device="auto",
        batch_size=8,
        verbose=0,
    ):
        self.detector = detector
        self.weights = weights
        self.backbone = backbone
        self.labels = labels
        self.predicates = predicates
        self.max_objects = max_objects
        self.min_score = min_score
        self.max_relations = max_relations
        self.device = device
        self.batch_size = batch_size
        self.verbose = verbose

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X=None, y=None):
        """Load the networks; nothing is learned.

        Parameters
        ----------
        X, y : None
            Ignored.

        Returns
        -------
        self : VisualGraphParser

        Raises
        ------
        BackboneLoadError
            If a network or its weights cannot be had; the message tells the cure.
        ValueError
            If labels do not fit the detector, or predicates have no backbone that knows words.
        """
        # A module may have been trained further since the last fit.
        self._loaded = None
        self._load()
        return self

    def transform(self, X):
        """Parse images.

        Parameters
        ----------
        X : folder, sequence of paths, of Pillow images or of arrays, array, tensor or Dataset
            See the user guide for all that counts as images.

        Returns
        -------
        graphs : list of SceneGraph
            The surest objects and the most related pairs come first. An image in which nothing
            is found has a graph without objects.

        Raises
        ------
        ImageReadError
            If an image cannot be read; the message names it.
        ValueError
            If a parameter is not what it should be.
        """
        from tqdm.auto import tqdm

        # Nobody need have called fit.
        self._validate_params()
        source = as_image_source(X)
        if source is None:
            raise TypeError("X is no images. Pass a folder, or a list of paths or of arrays.")
        tools = self._load()
        scenes: list[Scene] = []
        with tqdm(total=len(source), desc="parsing", unit="image", disable=not self.verbose) as bar:
            for start in range(0, len(source), self.batch_size):
                stop = min(start + self.batch_size, len(source))
                scenes += self._look(tools, [source.read(i) for i in range(start, stop)])
                bar.update(stop - start)
        if self.predicates is not None:
            match_predicates(scenes, list(self.predicates), self.backbone)
        return [scene.graph() for scene in scenes]

    def parse(self, image):
        """Parse one image.

        Parameters
        ----------
        image : path, Pillow image, array or tensor

        Returns
        -------
        graph : SceneGraph
        """
        return self.transform([image])[0]

    def _load(self):
        words = [None if w is None else tuple(w) for w in (self.labels, self.predicates)]
        wanted = (self.detector, self.weights, self.backbone, *words, str(self.device))
        if getattr(self, "_loaded", None) != wanted:
            self._tools = self._make_tools()
            self._loaded = wanted
        return self._tools

    def _make_tools(self):
        knows_words = isinstance(self.backbone, str) and self.backbone.startswith("open_clip:")
        for name in ("labels", "predicates"):
            _check_words(getattr(self, name), name)
        if self.predicates is not None and not knows_words:
            raise ValueError(
                "Predicates are matched by a backbone that knows words, and "
                f"{shown(self.backbone)} does not. Use one of open_clip, such as "
                '"open_clip:ViT-B-32/laion2b_s34b_b79k", or leave predicates out.'
            )
        detector = Detector(self.detector, self.weights, self.device)
        embedder = texts = None
        if self.backbone is not None:
            embedder = ImageEmbedder(self.backbone, device=self.device)
            embedder.set_output(transform="default")
            embedder.fit([np.zeros((8, 8, 3), np.uint8)])
        if knows_words and self.labels is not None:
            names = list(self.labels)
            texts = encode_labels(names, self.backbone)
        else:
            names = detector.name_classes(self.labels)
        return _Tools(detector, embedder, names, texts)

    def _look(self, tools, images):
        """Make scenes of a batch of images."""
        scenes = []
        found = tools.detector(images, self.min_score, self.max_objects)
        for boxes, scores, classes in found:
            pairs = related_pairs(boxes, scores, self.max_relations)
            scenes.append(Scene(boxes, scores, classes, pairs, box_predicates(boxes, pairs)))
        if tools.embedder is not None:
            add_features(scenes, images, tools.embedder)
        for scene in scenes:
            if tools.texts is not None:
                # Texts are unit vectors, so the length of a feature changes nothing.
                scene.classes = (scene.features @ tools.texts.T).argmax(axis=1)
            scene.name(tools.names)
        return scenes

    def __getstate__(self):
        state = super().__getstate__().copy()
        # Loaded again when needed.
        state.pop("_tools", None)
        state.pop("_loaded", None)
        return state

    def __sklearn_is_fitted__(self):
        return True


class _Tools(NamedTuple):
    """What is loaded."""

    detector: Detector
    embedder: ImageEmbedder | None
    names: list
    texts: np.ndarray | None  # (n_names, n_features), if labels are matched


def _check_words(words, name):
    if words is not None and not (
        len(words) and all(isinstance(word, str) and word.strip() for word in words)
    ):
        raise ValueError(f"{name} is a list of words, not {shown(words)}.")
