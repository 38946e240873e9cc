"""Writing a clustering as an HTML page."""

import os
from pathlib import Path
from urllib.parse import quote

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ..cluster import DeepImageClusterer, partition_of
from ..corrections import result_digest
from ..duplicates import Duplicates
from ..images import ImagesLike, PathLike, as_image_source
from ..quality import find_flaws
from ._assessment import assess
from ._choice import choose_rows, fair_order
from ._page import load_template, render
from ._page_data import page_data
from ._thumbnails import Thumbnailer
from ._writing import checked_target, write_files

_MEGABYTE = 1_000_000
_SIDE_IN_FOLDER = 256


def write_report(
    estimator: DeepImageClusterer,
    images: ImagesLike,
    path: PathLike,
    *,
    title: str | None = None,
    max_megabytes: float = 20,
    all_pictures: bool = False,
    duplicates: Duplicates | None = None,
    flaws: np.ndarray | None = None,
    random_state: int | np.random.RandomState | None = 0,
) -> Path:
    """Write an HTML page for exploring a clustering.

    The page shows typical, boundary and outlying images of each cluster and a map of the
    latents. It can be searched by file name and filtered by probability; images can be selected,
    and paths and labels exported as text or CSV. The page is self-contained: it loads nothing
    from the network and can be sent as a single file. It lists all images, including those that
    could not be read.

    Parameters
    ----------
    estimator : DeepImageClusterer
        Fitted or loaded.
    images : images
        The images of the fit (the same paths in any order, or the same images in memory in the
        same order), whose results are known, or other images, which are embedded and assigned to
        the clusters.
    path : path
        The HTML file to write or replace.
    title : str, default=None
        Heading of the page. None uses the number of images.
    max_megabytes : float, default=20
        Upper bound of the size of the thumbnails in the page, in millions of bytes; infinity for
        no bound. The images shown for each cluster come first, with a side of 160 pixels, or
        down to 48 if there are many; then further images, with the clusters taking turns. The
        rest of the page adds 0.08 MB and about 60 bytes per image.
    all_pictures : bool, default=False
        Whether to write thumbnails of all images, with a side of up to 256 pixels, to the folder
        ``<stem>_pictures`` beside the page. The page itself then only holds those shown for each
        cluster. The bound does not include the folder, which is replaced if an earlier report
        wrote it, and must otherwise be new or empty.
    duplicates : Duplicates, default=None
        What :func:`skdeepcluster.find_duplicates` finds in ``images``: copies are marked, and
        can be shown alone.
    flaws : ndarray of shape (n_samples,), str, default=None
        What :func:`skdeepcluster.find_flaws` finds in ``images``; None finds it.
    random_state : int, RandomState instance or None, default=0
        Determines the map, and which further images get a thumbnail.

    Returns
    -------
    path : Path
        The file, which is written completely or not at all.

    Raises
    ------
    ImportError
        If jinja2 is not installed.
    ValueError
        If ``images`` are not images, are not those of a fit on features, or cannot be read, or
        if ``max_megabytes`` is not a positive number, or ``duplicates`` or ``flaws`` are of another
        number of images.
    ImageReadError
        If an image to be shown cannot be read and the estimator has ``on_error="raise"``.
    OSError
        If the folder of the page does not exist or is not writable, the page is a folder, or the
        folder for all images holds files that no report wrote, or images of this report.

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
    source = as_image_source(images, getattr(estimator, "reader_", None))
    if source is None:
        raise ValueError("images must be files or pixels; features cannot be shown.")
    if not max_megabytes > 0:
        raise ValueError(f"max_megabytes must be a positive number, got {max_megabytes}.")
    if duplicates is not None and len(duplicates.groups) != len(source):
        raise ValueError(
            f"duplicates is of {len(duplicates.groups)} images, and there are {len(source)}."
        )
    if flaws is not None and len(flaws) != len(source):
        raise ValueError(f"flaws is of {len(flaws)} images, and there are {len(source)}.")
    page_path, folder = checked_target(path, all_pictures, source)

    assessment = assess(estimator, source)
    labels = assessment.labels
    rows = {int(label): choose_rows(assessment, label) for label in np.unique(labels[labels >= 0])}
    partition = partition_of(estimator)
    n_jobs, on_error, verbose = estimator.n_jobs, estimator.on_error, estimator.verbose
    if flaws is None:
        flaws = find_flaws(
            images, reader=source.reader, n_jobs=n_jobs, on_error=on_error, verbose=verbose
        )
    data = page_data(assessment, source, rows, partition, flaws, duplicates, random_state)
    # Images that were assigned later are no part of what can be refined.
    data["result"] = result_digest(partition) if assessment.is_of_fit else None
    data["folder"] = None if folder is None else quote(os.fsencode(folder.name)) + "/"
    title = f"Clusters of {len(source):,} images" if title is None else str(title)

    order = fair_order(rows, labels, check_random_state(random_state))
    n_shown = sum(len(row) for chosen in rows.values() for row in chosen.values())
    thumbnailer = Thumbnailer(source, n_jobs, on_error, verbose)
    embedded = order if folder is None else order[:n_shown]
    thumbnails = thumbnailer.within(embedded, n_shown, max_megabytes * _MEGABYTE)
    page = render(template, title, data, thumbnails)

    beside = thumbnailer.make(np.sort(order), _SIDE_IN_FOLDER)
    write_files(page_path, page, folder, beside)
    return page_path
