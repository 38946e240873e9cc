"""Clusters as rows of small images, where a notebook shows the estimator."""

from base64 import b64encode
from html import escape

import numpy as np
from sklearn.base import BaseEstimator

from ._attributes import PartitionAttributes
from ._record import THUMBNAIL_SIDE

_N_ROWS = 12
_N_IMAGES = 8

# Colours are inherited or half transparent, so that the strip fits light and dark notebooks.
_HEADING = "margin: .8em 0 .4em; opacity: .7"
_ROW = "display: flex; align-items: center; gap: .8em; margin: 3px 0"
_TEXT = "flex: none; width: 11em; overflow: hidden; text-overflow: ellipsis; white-space: nowrap"
_SIZE = "opacity: .7; font-size: .9em"
_IMAGES = "display: flex; gap: 3px; overflow: hidden"
_IMAGE = "flex: none; margin: 0; border-radius: 3px"


class NotebookStrip(PartitionAttributes, BaseEstimator):
    """Shows an estimator's clusters below what scikit-learn shows of it in a notebook."""

    def _repr_html_inner(self):
        return super()._repr_html_inner() + self._strip()

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        if "text/html" in bundle:
            bundle["text/html"] += self._strip()
        return bundle

    def _strip(self):
        return cluster_strip(self._partition) if hasattr(self, "labels_") else ""


def cluster_strip(partition):
    """Show the largest clusters and typical images of each.

    Parameters
    ----------
    partition : Partition

    Returns
    -------
    html : str
        Nothing where no image is at hand.
    """
    sizes, names = partition.sizes, partition.cluster_names
    typical = partition.representatives(_N_IMAGES)
    largest = np.argsort(-sizes, kind="stable")[:_N_ROWS].tolist()
    thumbnails = partition.images.thumbnails_of([typical[label] for label in largest])
    if not thumbnails:
        return ""
    rows = "".join(
        f'<div style="{_ROW}">'
        f'<div style="{_TEXT}" title="{escape(names[label])}">{escape(names[label])}'
        f'<div style="{_SIZE}">{sizes[label]:,} images</div></div>'
        f'<div style="{_IMAGES}">{_image_tags(typical[label], thumbnails, partition.images)}'
        "</div></div>"
        for label in largest
    )
    are_listed = "" if len(largest) == len(sizes) else f"; the {len(largest)} largest"
    heading = f"{len(sizes):,} clusters of {sizes.sum():,} images{are_listed}"
    strip = f'<div><div style="{_HEADING}">{heading}</div>{rows}</div>'
    # File names need not be text.
    return strip.encode("utf-8", "backslashreplace").decode("utf-8")


def _image_tags(typical, thumbnails, images):
    shown = [(escape(images.name(index)), index) for index in typical if index in thumbnails]
    return "".join(
        f'<img style="{_IMAGE}" width="{THUMBNAIL_SIDE}" height="{THUMBNAIL_SIDE}" alt="{name}" '
        f'title="{name}" src="data:image/webp;base64,{b64encode(thumbnails[index]).decode()}">'
        for name, index in shown
    )
