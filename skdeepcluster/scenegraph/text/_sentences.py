"""Captions as the sentences that models of a language are trained on."""

import unicodedata

from ..graph import plain_signs
from ._lexicon import FRONTED, OPENINGS


def as_sentence(caption: str) -> str:
    """Rewrite a caption as a full sentence in lower case, with the signs of a typewriter.

    Titles, capitals and sentences are parsed alike then: small models take a word with a capital
    letter for a name.

    Parameters
    ----------
    caption : str

    Returns
    -------
    sentence : str
        Empty if the caption has no text.
    """
    text = unicodedata.normalize("NFKC", plain_signs(caption)).lower()
    text = " ".join(text.split()).rstrip(" .")
    if not text:
        return ""
    # Small models mistake a noun at the beginning, without an article, for a verb.
    return f"{text}." if _begins_a_sentence(text) else f"the {text}."


def _begins_a_sentence(text):
    first, *later = (part.split() for part in text.split(","))
    # "There's a dog" begins like "there is".
    opening = first[0].partition("'")[0] if first else ""
    if opening.endswith(("ing", "ed")):
        # "Looking at the camera, a woman smiles", but not "smiling woman with a hat".
        return any(part and part[0] in OPENINGS for part in later)
    return opening in OPENINGS or opening in FRONTED
