"""Clusters as rows of small images, where a notebook shows the estimator."""

from base64 import b64encode
from collections.abc import Callable
from html import escape

import numpy as np
from sklearn.base import BaseEstimator

from ..images import as_image_source, encode_thumbnail, read_thumbnails

_N_ROWS = 12
_N_PICTURES = 8
# Small copies that are kept of images in memory.
_N_KEPT = 240
_SIDE = 64

# Colours are inherited or half transparent, so that the strip fits light and dark notebooks.
_HEADING = "margin: .8em 0 .4em; opacity: .7"
_ROW = "display: flex; align-items: center; gap: .8em; margin: 3px 0"
_TEXT = "flex: none; width: 11em; overflow: hidden; text-overflow: ellipsis; white-space: nowrap"
_SIZE = "opacity: .7; font-size: .9em"
_PICTURES = "display: flex; gap: 3px; overflow: hidden"
_PICTURE = "flex: none; margin: 0; border-radius: 3px"


class ClusterStripMixin(BaseEstimator):
    """Adds the largest clusters of a fitted estimator to its diagram in a notebook."""

    labels_: np.ndarray
    cluster_names_: list
    _paths: list | None
    _fingerprint: str | None
    _thumbnails: dict
    _representatives: Callable

    def _remember(self, source):
        """Keep what it takes to know and show the images: paths, or a few small copies."""
        self._fingerprint = None if source is None else source.fingerprint()
        self._paths = None if source is None or source.paths is None else list(source.paths)
        self._thumbnails = {}
        if source is not None and self._paths is None:
            # Of all clusters: merging may make small ones part of the largest.
            n_images = min(_N_PICTURES, max(1, _N_KEPT // len(self.cluster_names_)))
            typical = self._representatives(n_images)
            self._thumbnails = _encoded(source, dict(enumerate(typical)))

    def _repr_html_inner(self):
        return super()._repr_html_inner() + self._strip()

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        if "text/html" in bundle:
            bundle["text/html"] += self._strip()
        return bundle

    def _largest_clusters(self):
        """Typical images of each cluster to be shown, by label, the largest first."""
        typical = self._representatives(_N_PICTURES)
        largest = np.argsort(-self._sizes(), kind="stable")[:_N_ROWS]
        return {int(label): typical[label] for label in largest}

    def _sizes(self):
        return np.bincount(self.labels_[self.labels_ >= 0], minlength=len(self.cluster_names_))

    def _strip(self):
        """HTML of the rows; nothing before ``fit``, and where no image is at hand."""
        if not hasattr(self, "labels_"):
            return ""
        clusters = self._largest_clusters()
        if self._paths:
            images = _encoded(as_image_source(self._paths), clusters)
        else:
            # A loaded estimator has none.
            images = getattr(self, "_thumbnails", {})
        if not images:
            return ""
        sizes, names = self._sizes(), self.cluster_names_
        largest = "" if len(clusters) == len(sizes) else f"; the {len(clusters)} largest"
        rows = "".join(
            f'<div style="{_ROW}">'
            f'<div style="{_TEXT}" title="{escape(names[label])}">{escape(names[label])}'
            f'<div style="{_SIZE}">{sizes[label]:,} images</div></div>'
            f'<div style="{_PICTURES}">{self._image_tags(typical, images)}</div></div>'
            for label, typical in clusters.items()
        )
        heading = f"{len(sizes):,} clusters of {sizes.sum():,} images{largest}"
        strip = f'<div><div style="{_HEADING}">{heading}</div>{rows}</div>'
        # File names need not be text.
        return strip.encode("utf-8", "backslashreplace").decode("utf-8")

    def _image_tags(self, typical, images):
        shown = [index for index in typical if index in images]
        names = [escape(self._paths[i] if self._paths else f"image {i}") for i in shown]
        return "".join(
            f'<img style="{_PICTURE}" width="{_SIDE}" height="{_SIDE}" alt="{name}" title="{name}" '
            f'src="data:image/webp;base64,{b64encode(images[index]).decode()}">'
            for index, name in zip(shown, names, strict=True)
        )


def _encoded(source, clusters):
    """Small files of the clusters' images, by position; without those that are not there."""
    indices = np.concatenate([*clusters.values()])
    thumbnails = read_thumbnails(source, indices, _SIDE, on_error="skip")
    return {index: encode_thumbnail(pixels) for index, pixels in thumbnails.items()}
