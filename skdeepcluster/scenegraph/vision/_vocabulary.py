"""Labels and predicates of the user's own, by the phrases nearest to an image's features."""

import numpy as np

from ...backbones import encode_texts
from ._draft import GraphDraft

_LABEL_PHRASE = "a photo of {}"
_RELATION_PHRASE = "a photo of {} {} {}"


def encode_labels(labels: list[str], backbone: str) -> np.ndarray:
    """Embed a vocabulary, (n_labels, n_features), as unit vectors."""
    return encode_texts(backbone, [_LABEL_PHRASE.format(label) for label in labels])


def match_predicates(drafts: list[GraphDraft], predicates: list[str], backbone: str) -> None:
    """Replace predicates, and the order of subject and object, by those of the nearest phrase.

    Parameters
    ----------
    drafts : list of GraphDraft
        With labels and features.
    predicates : list of str
    backbone : str
        An open_clip backbone; its text tower is loaded once.
    """
    both_orders = [
        [
            ((draft.labels[i], draft.labels[j]), (draft.labels[j], draft.labels[i]))
            for i, j in draft.pairs
        ]
        for draft in drafts
    ]
    # Each pair of words is encoded once, in however many images it is.
    word_pairs = list(
        dict.fromkeys(
            words for orders_of in both_orders for orders in orders_of for words in orders
        )
    )
    if not word_pairs:
        return
    phrases = [_RELATION_PHRASE.format(s, verb, o) for s, o in word_pairs for verb in predicates]
    texts = encode_texts(backbone, phrases).reshape(len(word_pairs), len(predicates), -1)
    row_of = {words: row for row, words in enumerate(word_pairs)}
    for draft, orders_of in zip(drafts, both_orders, strict=True):
        if orders_of:
            candidates = texts[[[row_of[words] for words in orders] for orders in orders_of]]
            features = np.asarray(draft.relation_features)
            cosines = np.einsum("rovd,rd->rov", candidates, features)
            best = cosines.reshape(len(orders_of), -1).argmax(axis=1)
            is_reversed, verbs = np.divmod(best, len(predicates))
            draft.pairs = np.where(is_reversed[:, None], draft.pairs[:, ::-1], draft.pairs)
            draft.predicates = [predicates[verb] for verb in verbs]
