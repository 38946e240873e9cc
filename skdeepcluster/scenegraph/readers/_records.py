"""What readers return."""

from typing import NamedTuple

from ..graph import SceneGraph


class GraphRecord(NamedTuple):
    """The graph and the captions of an image, as read from a file.

    Parameters
    ----------
    image_id : str
        The name of the image's file where the file that is read tells it, otherwise its number.
    graph : SceneGraph
    captions : tuple of str
    caption_triples : tuple
        For each caption a tuple of (subject, predicate, object), all of them words.
    """

    image_id: str
    graph: SceneGraph
    captions: tuple[str, ...] = ()
    caption_triples: tuple[tuple, ...] = ()
