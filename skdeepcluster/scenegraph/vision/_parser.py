"""Images to scene graphs."""

from collections.abc import Sequence
from numbers import Integral, Real
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.base import _fit_context as fit_context
from sklearn.utils._param_validation import Interval

from ...backbones import Backbone
from ...embedding import ImageEmbedder
from ...images import as_image_source
from ...process_group import heed_forks
from ...progress import progress_bar
from ...storage import loaded_once
from ..graph import SceneGraph, box_predicates, related_pairs, short_repr
from ._classifier_detector import PACKAGED_CLASSIFIER, ClassifierDetector
from ._detector import Detector
from ._draft import GraphDraft
from ._regions import add_region_features
from ._vocabulary import encode_labels, match_predicates


class VisualGraphParser(TransformerMixin, BaseEstimator):
    """Turn images into scene graphs.

    A detector finds the objects. Relations follow from the positions of their boxes: "on",
    "under", "in", "beside", "overlapping", and "above", "below", "left of", "right of" for boxes
    that are apart. With an open_clip backbone, labels and predicates of your own can be used
    instead, by the phrases that are nearest to the image features.

    Parameters
    ----------
    detector : str or torch.nn.Module, default="fasterrcnn_resnet50_fpn_v2"
        Name of a detector of torchvision, or a module that takes and returns what these do: a
        list of images (3, height, width) in [0, 1], and a list of dicts with "boxes" (n, 4),
        "labels" (n,) and "scores" (n,). "efficientnet_lite0" needs no download: the packaged
        classifier of ImageNet's 1,000 classes, which was never taught where objects are, finds and
        names them. It is weak: it finds what fills a good part of an image, and misses people.
    weights : path, default=None
        State dict of the detector, as ``.safetensors`` or written by ``torch.save``; no code
        in the file is run, and the number of classes is read from it. None fetches torchvision's
        own weights.
    backbone : str, path, torch.nn.Module or Backbone, default=None
        Network for the features of objects, from their boxes, and of relations, from the union
        boxes around subject and object: a name of
        :func:`skdeepcluster.backbones.list_backbones` or whatever
        :func:`skdeepcluster.backbones.load_backbone` takes. None leaves features out.
    labels : list of str, default=None
        With a backbone "open_clip:...", a vocabulary: the label of an object is the word for
        which "a photo of {label}" is nearest to its feature. Otherwise the names of the
        detector's classes 1, 2, ...; class 0 is the background. None uses the names that come
        with the detector's weights, which are those of COCO.
    predicates : list of str, default=None
        A vocabulary, which needs a backbone "open_clip:...": a relation is the phrase "a photo
        of {subject} {predicate} {object}", in either order of the two, that is nearest to the
        feature of the union box. None derives predicates from the boxes.
    max_objects : int, default=36
        The most confident are kept.
    min_score : float, default=0.3
        Objects with a lower confidence are left out.
    max_relations : int, default=25
        The most related pairs are kept: by the product of their scores, times the sum of their
        IoU and of the share of the union box that the two fill.
    device : str or torch.device, default="auto"
        "auto" takes a GPU if there is one.
    batch_size : int, default=8
        Number of images in memory at a time. Those of one size are detected as one batch.
    verbose : int, default=0
        Above 0, a progress bar is shown.

    See Also
    --------
    TextGraphParser : For sentences.
    skdeepcluster.ImageEmbedder : Features of whole images.

    Notes
    -----
    Of boxes with an IoU above 0.8 the most confident is kept, whatever their classes.
    Without predicates of your own, the smaller box of a pair is the subject.

    Good detectors have to be downloaded. Box average precision on COCO and size, as published
    by torchvision: "fasterrcnn_resnet50_fpn_v2" 46.7 and 167 MB, "maskrcnn_resnet50_fpn_v2" 47.4
    and 177 MB; on a slow machine "fasterrcnn_mobilenet_v3_large_fpn" 32.8 and 74 MB,
    "ssdlite320_mobilenet_v3_large" 21.3 and 13 MB. "open_clip:ViT-B-32/laion2b_s34b_b79k" (605
    MB) is a backbone for labels and predicates of your own.

    With ``predicates``, each call of ``transform`` loads the text tower, which takes seconds:
    pass many images at a time.

    References
    ----------
    S. Ren et al., "Faster R-CNN: Towards Real-Time Object Detection with Region Proposal
    Networks", NeurIPS 2015.

    A. Radford et al., "Learning Transferable Visual Models From Natural Language Supervision",
    ICML 2021, for labels from phrases.

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
        detector: str | torch.nn.Module = "fasterrcnn_resnet50_fpn_v2",
        *,
        weights: str | PathLike | None = None,
        backbone: str | PathLike | torch.nn.Module | Backbone | None = None,
        labels: Sequence[str] | None = None,
        predicates: Sequence[str] | None = None,
        max_objects: int = 36,
        min_score: float = 0.3,
        max_relations: int = 25,
        device: str | torch.device = "auto",
        batch_size: int = 8,
        verbose: int = 0,
    ) -> None:
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
    def fit(self, X: Any = None, y: Any = None) -> Self:
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
            If a network or its weights cannot be loaded; the message names the cure.
        ValueError
            If labels do not fit the detector, or predicates come without an open_clip backbone.
        """
        # A module may have been trained further since the last fit.
        self._loaded = None
        self._load()
        return self

    def transform(self, X: Any) -> list[SceneGraph]:
        """Parse images.

        Parameters
        ----------
        X : folder, sequence of paths, of Pillow images or of arrays, array, tensor or Dataset
            See the user guide for all kinds of input.

        Returns
        -------
        graphs : list of SceneGraph
            The most confident objects and the most related pairs come first. The graph of an
            image in which nothing is found has no objects.

        Raises
        ------
        ImageReadError
            If an image cannot be read; the message names it.
        ValueError
            If a parameter is invalid.
        """
        # fit need not have been called.
        self._validate_params()
        source = as_image_source(X)
        if source is None:
            raise TypeError("X holds no images. Pass a folder, or a list of paths or of arrays.")
        networks = self._load()
        drafts: list[GraphDraft] = []
        n_images = len(source)
        with progress_bar("parsing", total=n_images, unit="image", verbose=self.verbose) as bar:
            for start in range(0, n_images, self.batch_size):
                stop = min(start + self.batch_size, n_images)
                drafts += self._draft(networks, [source.read(i) for i in range(start, stop)])
                bar.update(stop - start)
        if self.predicates is not None:
            match_predicates(drafts, list(self.predicates), str(self.backbone))
        return [draft.graph() for draft in drafts]

    def parse(self, image: Any) -> SceneGraph:
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
        heed_forks()
        words = [None if w is None else tuple(w) for w in (self.labels, self.predicates)]
        settings = (self.detector, self.weights, self.backbone, *words, str(self.device))
        return loaded_once(self, settings, self._load_networks)

    def _load_networks(self):
        knows_words = isinstance(self.backbone, str) and self.backbone.startswith("open_clip:")
        for name in ("labels", "predicates"):
            _check_words(getattr(self, name), name)
        if self.predicates is not None and not knows_words:
            raise ValueError(
                "Predicates are matched by a backbone that encodes texts, and "
                f"{short_repr(self.backbone)} does not. Use one of open_clip, such as "
                '"open_clip:ViT-B-32/laion2b_s34b_b79k", or leave predicates out.'
            )
        detector = self._make_detector()
        embedder = texts = None
        if self.backbone is not None:
            embedder = ImageEmbedder(self.backbone, device=self.device)
            embedder.set_output(transform="default")
            embedder.fit([np.zeros((8, 8, 3), np.uint8)])
        if knows_words and self.labels is not None:
            names = list(self.labels)
            texts = encode_labels(names, str(self.backbone))
        else:
            names = detector.name_classes(self.labels)
        return _Networks(detector, embedder, names, texts)

    def _make_detector(self):
        packaged = isinstance(self.detector, str) and PACKAGED_CLASSIFIER.fullmatch(self.detector)
        if not packaged:
            return Detector(self.detector, self.weights, self.device)
        if self.weights is not None:
            raise ValueError(f"{self.detector} has its own weights: leave weights out.")
        return ClassifierDetector(int(packaged[1]), self.device)

    def _draft(self, networks, images):
        """Draft the graphs of a batch of images."""
        drafts = []
        for boxes, scores, classes in networks.detector(images, self.min_score, self.max_objects):
            pairs = related_pairs(boxes, scores, self.max_relations)
            drafts.append(GraphDraft(boxes, scores, classes, pairs, box_predicates(boxes, pairs)))
        if networks.embedder is not None:
            add_region_features(drafts, images, networks.embedder)
        for draft in drafts:
            if networks.texts is not None:
                # Texts are unit vectors, so the length of a feature changes nothing.
                draft.classes = (draft.features @ networks.texts.T).argmax(axis=1)
            draft.set_labels(networks.names)
        return drafts

    def __sklearn_is_fitted__(self) -> bool:
        return True


class _Networks(NamedTuple):
    """The networks that are loaded, and the labels they give."""

    detector: Detector | ClassifierDetector
    embedder: ImageEmbedder | None
    names: list[str]
    texts: np.ndarray | None  # (n_names, n_features), if labels are matched


def _check_words(words, name):
    if words is not None and not (
        len(words) and all(isinstance(word, str) and word.strip() for word in words)
    ):
        raise ValueError(f"{name} is a list of words, not {short_repr(words)}.")
