"""Write a clustering as one HTML page."""

import os
from pathlib import Path
from urllib.parse import quote

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ..cluster import partition_of
from ..images import as_image_source
from ._assessment import assess
from ._choice import choose_rows, fair_order
from ._page import load_template, render
from ._page_data import page_data
from ._thumbnails import Thumbnailer
from ._writing import check_target, write_files

_MEGABYTE = 1_000_000
_SIDE_IN_FOLDER = 256


def write_report(
    estimator,
    images,
    path,
    *,
    title=None,
    max_megabytes=20,
    all_pictures=False,
    random_state=0,
):
    """Write one HTML page on which a clustering can be looked at.

    The page shows typical, boundary and outlying images of each cluster and a map of the
    latents. It can be searched by file name and filtered by probability; images can be
    selected, and paths and labels taken out as text or CSV. It holds all it needs, asks for
    nothing on the network and can be sent as one file. All images are listed in it, those
    that could not be read as well.

    Parameters
    ----------
    estimator : DeepImageClusterer
        Fitted, or loaded.
    images : images
        Those of the fit (the same paths, or as many, in the same order), of which all is known
        already, or others, which are embedded and assigned to the clusters.
    path : path
        The HTML file to write; one that exists is replaced.
    title : str, default=None
        Heading of the page. None tells the number of images.
    max_megabytes : float, default=20
        Thumbnails in the page take at most so many million bytes; infinity sets no bound. First
        come those shown of each cluster, at 160 pixels a side or, if they are too many, down to
        48; then others, the clusters in turn. The rest of the page comes on top: 0.05 MB, and
        the list of images, about 55 bytes each.
    all_pictures : bool, default=False
        Whether thumbnails of all images are written to the folder ``<stem>_pictures`` beside
        the page, of 256 pixels a side at most. The page itself then holds only those shown of
        each cluster; the bound does not count the folder, which is replaced whole if an earlier
        report wrote it, and must be new or empty otherwise.
    random_state : int, RandomState instance or None, default=0
        Of the map, and of which further images get a thumbnail.

    Returns
    -------
    path : Path
        The file, which appears whole or not at all.

    Raises
    ------
    ImportError
        If jinja2 is missing.
    ValueError
        If ``images`` are not images, are others than those of a fit on features, cannot be
        read, or ``max_megabytes`` is no number above 0.
    ImageReadError
        If an image that is to be shown cannot be read and the estimator has
        ``on_error="raise"``.
    OSError
        If there is no folder for the page, it is a folder itself, nothing can be written there,
        or the folder for all images holds files that no report wrote, or images of this one.

    Examples
    --------
    >>> from skdeepcluster import DeepImageClusterer, list_images
    >>> from skdeepcluster.report import write_report
    >>> paths = list_images("photos/")  # doctest: +SKIP
    >>> est = DeepImageClusterer(12, random_state=0).fit(paths)  # doctest: +SKIP
    >>> write_report(est, paths, "clusters.html")  # doctest: +SKIP
    """
    check_is_fitted(estimator)
    template = load_template()
    source = as_image_source(images)
    if source is None:
        raise ValueError("images must be files or pixels; features cannot be shown.")
    if not max_megabytes > 0:
        raise ValueError(f"max_megabytes must be a number above 0, got {max_megabytes}.")
    path = Path(path)
    folder = path.with_name(f"{path.stem}_pictures") if all_pictures else None
    check_target(path, folder, source)

    assessment = assess(estimator, source)
    labels = assessment.labels
    rows = {int(label): choose_rows(assessment, label) for label in np.unique(labels[labels >= 0])}
    data = page_data(assessment, source, rows, partition_of(estimator).names, random_state)
    data["folder"] = None if folder is None else quote(os.fsencode(folder.name)) + "/"
    title = f"Clusters of {len(source):,} images" if title is None else str(title)

    order = fair_order(rows, labels, check_random_state(random_state))
    n_shown = sum(len(row) for chosen in rows.values() for row in chosen.values())
    thumbnailer = Thumbnailer(source, estimator.n_jobs, estimator.on_error, estimator.verbose)
    embedded = order if folder is None else order[:n_shown]
    thumbnails = thumbnailer.within(embedded, n_shown, max_megabytes * _MEGABYTE)
    page = render(template, title, data, thumbnails)

    beside = thumbnailer.make(np.sort(order), _SIDE_IN_FOLDER)
    write_files(path, page, folder, beside)
    return path
