"""From graphs and captions to encoded ones that can be compared."""

import copy
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from torch import nn

from ...storage import StoredModel, prefixed, schema, without_prefix
from ..graph import Caption, SceneGraph
from ._encoded import Encoded, concatenate_encoded
from ._hubness import MOST_CAPTIONS, MOST_IMAGES, Compared, Hubness
from ._input_tensors import (
    CaptionTensors,
    GraphTensors,
    caption_tensors,
    graph_tensors,
    triple_rows,
)
from ._matching_model import MatchingModel, n_pooled_numbers
from ._phrase_table import PhraseTable, document_frequencies, rarity
from ._phrase_vectors import PhraseVectors, vectors_to_read
from ._plausibility import TriplePlausibility
from ._textual_encoder import TextualGraphEncoder
from ._training import TrainingPairs
from ._visual_encoder import VisualGraphEncoder
from ._words import FUNCTION_WORDS, split_words

# Cosine from which a word that an encoder spells is like a word of the training: "kayaks" and
# "kayak" have 0.90, made-up words and their nearest at most 0.69 (40 tried).
_ALIKE = 0.75
# Single letters resemble any letters.
_SHORTEST = 3
# Objects and relations, or words and triples, that are encoded together.
_MOST_NODES = 2**14
# Prefixes of tensors in saved models.
_MODEL = "model."
_PLAUSIBILITY = "plausibility."
_HUBNESS = "hubness."
_SIDES = ("images", "captions")


@dataclass(frozen=True)
class ModelSettings:
    """What a matching model is made of.

    Parameters
    ----------
    levels : tuple of str
        A selection of ``LEVELS``.
    neighbors : bool
        Whether objects learn from their relations.
    symmetric : bool
        Whether what a caption leaves out of an image counts.
    dropout : float
    """

    levels: tuple[str, ...]
    neighbors: bool
    symmetric: bool
    dropout: float


def matching_model(
    settings: ModelSettings,
    n_dimensions: int,
    n_features: int,
    visual_rarity: torch.Tensor,
    textual_rarity: torch.Tensor,
) -> MatchingModel:
    """Make the networks for phrases of which it is known how rare they are."""
    return MatchingModel(
        VisualGraphEncoder(
            visual_rarity, n_dimensions, n_features, settings.neighbors, settings.dropout
        ),
        TextualGraphEncoder(textual_rarity, n_dimensions, settings.dropout),
        settings.levels,
        settings.symmetric,
    ).eval()


class PairEncoder:
    """Encodes graphs and captions: the phrases of the training, their vectors and the networks.

    Parameters
    ----------
    phrase_vectors : PhraseVectors
    n_features : int
        Length of the features of objects and relations, 0 if there are none.

    Attributes
    ----------
    visual_phrases, textual_phrases : PhraseTable
        Phrases met in training.
    settings : ModelSettings
        Set by ``make_model``.
    model : MatchingModel
        Set by ``make_model``; what is encoded is on its device.
    plausibility : TriplePlausibility or None
        Set by ``learn_plausibility``; with it, captions that are encoded have an implausibility.
    hubness : ModuleDict of Hubness or None
        Of "images" and "captions", set by ``learn_hubness``; with it, what is encoded has a
        hubness.
    """

    settings: ModelSettings
    model: MatchingModel
    plausibility: TriplePlausibility | None = None
    hubness: nn.ModuleDict | None = None

    def __init__(self, phrase_vectors: PhraseVectors, n_features: int) -> None:
        self.phrase_vectors = phrase_vectors
        self.n_features = n_features
        self.visual_phrases = PhraseTable(phrase_vectors)
        self.textual_phrases = PhraseTable(phrase_vectors)

    def make_model(self, pairs: TrainingPairs, settings: ModelSettings) -> None:
        """Make the networks for the phrases met so far.

        Parameters
        ----------
        pairs : TrainingPairs
            Where the rarity of each phrase is counted.
        settings : ModelSettings
        """
        labels = document_frequencies(pairs.graphs.labels, len(self.visual_phrases))
        words = document_frequencies(pairs.captions.words, len(self.textual_phrases))
        self.settings = settings
        self.model = matching_model(
            settings,
            self.phrase_vectors.n_dimensions,
            self.n_features,
            rarity(labels, len(pairs.identities)),
            rarity(words, len(pairs.owners)),
        )

    def learn_plausibility(
        self,
        captions: CaptionTensors,
        sentences: list[Caption],
        random_state: np.random.RandomState,
    ) -> None:
        """Learn which predicates go between which nouns.

        Parameters
        ----------
        captions : CaptionTensors
            Those of the training.
        sentences : list of Caption
            Others, of no image, with their triples.
        random_state : RandomState
        """
        table = self.textual_phrases.copy()
        others = triple_rows([caption.triples or () for caption in sentences], table)
        rows = [_relations_of(part, table) for part in (captions.triples, others)]
        triples = torch.cat([part[(part > 0).any(dim=2)] for part in rows]).numpy()
        if len(triples):
            learned = TriplePlausibility.learn(triples, table.vectors, random_state)
            self.plausibility = learned.to(self.model.device)

    def learn_hubness(self, pairs: TrainingPairs, random_state: np.random.RandomState) -> None:
        """Learn which images are similar to any caption, and which captions to any image.

        It takes two images that are not equal; of fewer nothing is learned.

        Parameters
        ----------
        pairs : TrainingPairs
            Those of the training.
        random_state : RandomState
        """
        sizes = (len(pairs.identities), MOST_IMAGES), (len(pairs.owners), MOST_CAPTIONS)
        images, captions = (np.sort(random_state.permutation(n)[:most]) for n, most in sizes)
        owners = pairs.identities[pairs.owners[captions]]
        matching = torch.from_numpy(pairs.identities[images][:, None] == owners)
        if matching.all(dim=0).any() or matching.all(dim=1).any():
            return
        seen = _in_parts(self.model.visual, pairs.graphs.take(images), self.visual_phrases)
        read = _in_parts(self.model.textual, pairs.captions.take(captions), self.textual_phrases)
        with torch.inference_mode():
            compared = Compared(
                self.model.pool_images(_in_order(seen)).cpu(),
                self.model.pool_captions(_in_order(read).stated()).cpu(),
                torch.from_numpy(self._compare(seen, [(i, part.stated()) for i, part in read])),
                matching,
            )
        steepness = self.model.logit_scale.detach().cpu()
        sides = (compared, compared.exchanged())
        learned = {
            side: Hubness.learn(part, steepness) for side, part in zip(_SIDES, sides, strict=True)
        }
        self.hubness = nn.ModuleDict(learned).to(self.model.device)

    def plausibilities(self, caption: Caption) -> list[float] | None:
        """Return the probability of each triple not to be mixed up; None if that is not learned."""
        if self.plausibility is None:
            return None
        table = self.textual_phrases.copy()
        rows = _relations_of(triple_rows([caption.triples or ()], table), table)
        rows = rows[0, : len(caption.triples or ())]
        with torch.inference_mode():
            vectors = table.vectors.to(self.model.device)[rows.to(self.model.device)]
            return self.plausibility.log_odds(vectors).sigmoid().tolist()

    def to(self, device: torch.device) -> Self:
        """Move the networks to a device; return the encoder."""
        for network in (self.model, self.plausibility, self.hubness):
            if network is not None:
                network.to(device)
        return self

    def graph_tensors(self, graphs: list[SceneGraph]) -> GraphTensors:
        """Turn graphs into tensors; their phrases are added to those of the training."""
        return graph_tensors(graphs, self.visual_phrases, self.n_features)

    def caption_tensors(self, captions: list[Caption]) -> CaptionTensors:
        """Turn parsed captions into tensors; their phrases are added to those of the training."""
        return caption_tensors(captions, self.textual_phrases, self.phrase_vectors.of_sentences)

    def encode_graphs(self, graphs: list[SceneGraph]) -> Encoded:
        """Encode graphs, whatever their phrases; the encoder is not changed."""
        return _in_order(self._graph_parts(graphs))

    def encode_captions(self, captions: list[Caption]) -> Encoded:
        """Encode parsed captions, whatever their phrases; the encoder is not changed."""
        return _in_order(self._caption_parts(captions))

    def unknown_captions(self, captions: list[Caption]) -> list[int]:
        """Return the positions of captions without a known word, articles and the like aside.

        A word is known if it has a vector; with an encoder, which has one for any letters, if
        it was met in training, is a word to the encoder, or resembles one that was met.
        """
        tables = self.visual_phrases, self.textual_phrases
        words_of = [set(split_words(caption.text)) - FUNCTION_WORDS for caption in captions]
        # Most captions have a word of the training, and nothing is to be looked up.
        candidates = [
            i
            for i, words in enumerate(words_of)
            if not any(table.knows(word) for word in words for table in tables)
        ]
        new = sorted({word for i in candidates for word in words_of[i]})
        if not new:
            return candidates
        vectors = self.phrase_vectors(new)
        met = np.concatenate([table.long_phrases(_SHORTEST) for table in tables])
        alike = (vectors @ met.T).max(axis=1, initial=-1) >= _ALIKE
        known = (alike | self.phrase_vectors.are_words(new)) & vectors.any(axis=1)
        is_known = dict(zip(new, known, strict=True))
        return [i for i in candidates if not any(is_known[word] for word in words_of[i])]

    def graph_similarity(self, graphs: list[SceneGraph], captions: list[Caption]) -> np.ndarray:
        """Return the joint similarity of all graphs and all parsed captions.

        Returns
        -------
        similarities : ndarray of shape (n_graphs, n_captions), float32
        """
        return self._compare(self._graph_parts(graphs), self._caption_parts(captions))

    def tensor_similarity(self, graphs: GraphTensors, captions: CaptionTensors) -> np.ndarray:
        """Return the same for what ``graph_tensors`` and ``caption_tensors`` returned."""
        return self._compare(
            self._parts_of_graphs(graphs, self.visual_phrases),
            self._parts_of_captions(captions, self.textual_phrases.copy()),
        )

    def pool_graphs(self, graphs: list[SceneGraph]) -> np.ndarray:
        """Return one vector per graph: see ``MatchingModel.pool_images``."""
        with torch.inference_mode():
            return self.model.pool_images(self.encode_graphs(graphs)).cpu().numpy()

    def pool_captions(self, captions: list[Caption]) -> np.ndarray:
        """Return one vector per parsed caption."""
        with torch.inference_mode():
            return self.model.pool_captions(self.encode_captions(captions)).cpu().numpy()

    def state(self) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
        """Return what JSON and what safetensors can hold; see ``read``."""
        words, tensors = self.phrase_vectors.state()
        state = self.model.state_dict()
        tensors |= prefixed(_MODEL, {name: tensor.cpu() for name, tensor in state.items()})
        for side, table in (("visual", self.visual_phrases), ("textual", self.textual_phrases)):
            tensors[f"phrases.{side}"] = table.vectors
        for prefix, network in ((_PLAUSIBILITY, self.plausibility), (_HUBNESS, self.hubness)):
            if network is not None:
                state = network.state_dict()
                tensors |= prefixed(prefix, {name: t.cpu() for name, t in state.items()})
        config = {
            "levels": self.settings.levels,
            "neighbors": self.settings.neighbors,
            "symmetric": self.settings.symmetric,
            "dropout": self.settings.dropout,
            "n_features": self.n_features,
            **words,
            "phrases": {
                "visual": self.visual_phrases.phrases,
                "textual": self.textual_phrases.phrases,
            },
            "hubness": self.hubness
            and [len(self.hubness.get_buffer(f"{side}.others")) for side in _SIDES],
        }
        return config, tensors

    @classmethod
    def read(cls, stored: StoredModel, word_encoder: Any = None) -> Self:
        """Rebuild an encoder from a saved model.

        Parameters
        ----------
        stored : StoredModel
            Its JSON holds what ``state`` returned, and obeys the rules for that.
        word_encoder : encoder, default=None
            Needed if the vectors of the words came from an encoder of the user's own.

        Raises
        ------
        Damaged
            If tensors do not fit, before they are read.
        """
        config = stored.config
        n_dimensions = stored.tensors.size("phrases.visual", 1)
        settings = ModelSettings(
            tuple(config["levels"]), config["neighbors"], config["symmetric"], config["dropout"]
        )
        phrases = config["phrases"]
        n_phrases = [1 + len(phrases[side]) for side in ("visual", "textual")]
        with torch.device("meta"):
            # On the way to the shapes; nothing is allocated.
            model = matching_model(
                settings, n_dimensions, config["n_features"], *map(torch.ones, n_phrases)
            )
            expected = {
                **vectors_to_read(stored, n_dimensions),
                "phrases.visual": torch.empty(n_phrases[0], n_dimensions),
                "phrases.textual": torch.empty(n_phrases[1], n_dimensions),
                **prefixed(_MODEL, model.state_dict()),
            }
            plausibility = hubness = None
            # Models of version 0.1.0 have none, nor have those that compare no triples.
            if any(name.startswith(_PLAUSIBILITY) for name in stored.tensors.names):
                plausibility = TriplePlausibility(n_dimensions)
                expected |= prefixed(_PLAUSIBILITY, plausibility.state_dict())
            if config.get("hubness"):
                n_pooled = n_pooled_numbers(len(settings.levels), n_dimensions)
                sides = zip(_SIDES, config["hubness"], strict=True)
                hubness = nn.ModuleDict({side: Hubness(n, n_pooled) for side, n in sides})
                expected |= prefixed(_HUBNESS, hubness.state_dict())
        stored.tensors.refuse_others(expected)
        tensors = stored.tensors.read(expected)
        for name, tensor in tensors.items():
            schema.require(bool(tensor.isfinite().all()), f"{name!r} holds NaN or infinity")
        vectors = PhraseVectors.from_state(config, tensors, n_dimensions, word_encoder)
        encoder = cls(vectors, config["n_features"])
        encoder.visual_phrases, encoder.textual_phrases = (
            PhraseTable(vectors, phrases[side], tensors[f"phrases.{side}"])
            for side in ("visual", "textual")
        )
        encoder.settings, encoder.model = settings, model
        model.load_state_dict(without_prefix(_MODEL, tensors), assign=True)
        if plausibility is not None:
            plausibility.load_state_dict(without_prefix(_PLAUSIBILITY, tensors), assign=True)
            encoder.plausibility = plausibility.eval().requires_grad_(False)
        if hubness is not None:
            hubness.load_state_dict(without_prefix(_HUBNESS, tensors), assign=True)
            encoder.hubness = hubness
        return encoder

    def _graph_parts(self, graphs):
        phrases = self.visual_phrases.copy()
        inputs = graph_tensors(graphs, phrases, self.n_features)
        return self._parts_of_graphs(inputs, phrases)

    def _parts_of_graphs(self, inputs, phrases):
        parts = _in_parts(self.model.visual, inputs, phrases)
        with torch.inference_mode():
            return [(i, self._with_hubness(part, "images")) for i, part in parts]

    def _caption_parts(self, captions):
        phrases = self.textual_phrases.copy()
        inputs = caption_tensors(captions, phrases, self.phrase_vectors.of_sentences)
        return self._parts_of_captions(inputs, phrases)

    def _parts_of_captions(self, inputs, phrases):
        parts = _in_parts(self.model.textual, inputs, phrases)
        with torch.inference_mode():
            parts = [(i, self._with_hubness(part, "captions")) for i, part in parts]
            if self.plausibility is not None:
                triples = phrases.vectors[_relations_of(inputs.triples, phrases)]
                implausible = self.plausibility.implausibility(triples.to(self.model.device))
                parts = [(i, part._replace(implausibility=implausible[i])) for i, part in parts]
        return parts

    def _with_hubness(self, encoded, side):
        if self.hubness is None:
            return encoded
        pool = {"images": self.model.pool_images, "captions": self.model.pool_captions}[side]
        # Of what captions state: a denial is evidence of its own.
        pooled = pool(encoded.stated())
        return encoded._replace(hubness=self.hubness[side](pooled, self.model.logit_scale))

    def _compare(self, image_parts, caption_parts):
        shape = [
            sum(len(indices) for indices, _ in parts) for parts in (image_parts, caption_parts)
        ]
        similarities = np.empty(shape, np.float32)
        with torch.inference_mode():
            for rows, images in image_parts:
                for columns, captions in caption_parts:
                    block = self.model.joint_similarity(images, captions)
                    similarities[np.ix_(rows, columns)] = block.cpu().numpy()
        return similarities

    def __getstate__(self):
        # To be read where there is no such device.
        state = dict(self.__dict__)
        if "model" in state and self.model.device.type != "cpu":
            for name in ("model", "plausibility", "hubness"):
                if state.get(name) is not None:
                    state[name] = copy.deepcopy(state[name]).cpu()
        return state


def _relations_of(triples, phrases):
    """Return the rows of triples; of attributes, which anything may have, those of padding."""
    (attribute,) = phrases.rows(["is"])
    return triples * (triples[:, :, 1:2] != attribute)


def _in_parts(encoder, inputs, phrases):
    """Encode inputs, those of similar size together; return (indices, Encoded) of each part."""
    device = encoder.rarity.weight.device
    vectors = phrases.vectors.to(device)
    with torch.inference_mode():
        return [
            (indices, encoder(inputs.take(indices).to(device), vectors))
            for indices in _split_by_size(inputs.sizes.numpy())
        ]


def _split_by_size(sizes):
    """Split indices so that a long sentence pads few others, ``_MOST_NODES`` at a time."""
    order = np.argsort(sizes, kind="stable")
    parts, start = [], 0
    for end, size in enumerate(sizes[order]):
        if end > start and size * (end + 1 - start) > _MOST_NODES:
            parts.append(order[start:end])
            start = end
    return [*parts, order[start:]]


def _in_order(parts):
    indices, encoded = zip(*parts, strict=True)
    return concatenate_encoded(encoded).take(np.argsort(np.concatenate(indices)))
