"""The output of ``cluster`` and ``assign``: images with labels, as files and as text."""

import os
import warnings
from contextlib import contextmanager

from ._images import IMAGE_FILES
from ._outcome import Outcome, records


def check_output(options):
    """Create the folder, and check before the computation that results can be written after it."""
    from ..export import check_export
    from ..storage import check_file, check_writable

    if options.export and options.images is not None and options.images.suffix in IMAGE_FILES:
        raise ValueError(
            f"--export sorts the files of a folder, but {str(options.images)!r} is not a folder."
        )
    files = _files(options)
    if options.export:
        check_export(files["export"])
    if options.format == "parquet":
        _check_installed("pyarrow", "The Parquet table", "parquet")
    if options.report:
        check_report()
    check_duplicates(options)
    # Last, so that no folder is created if a check before fails.
    check_writable(options.output)
    for name in ("labels", "report", "flaws", "duplicates"):
        if name in files:
            check_file(files[name])


def check_report():
    """Raise an ImportError if the report cannot be made."""
    _check_installed("jinja2", "The report", "report")


def check_duplicates(options):
    """Check that copies can be found if they are to be."""
    if options.duplicates:
        _check_installed("imagehash", "--duplicates", "duplicates")
    elif options.mirrored:
        raise ValueError("--mirrored says which copies --duplicates finds: give both.")


def _check_installed(package, purpose, extra):
    from importlib.util import find_spec

    if find_spec(package) is None:
        raise ImportError(f'{purpose} needs {package}: pip install "skdeepcluster[{extra}]"')


def memory_of(options):
    """Return the folder of the features: by default in the output, so that runs can resume."""
    return options.memory or options.output / "cache"


def n_steps_of_results(options):
    """Count the steps of ``write_results`` that a user waits for."""
    return options.duplicates + 2 * options.report


def _files(options):
    files = {"labels": options.output / f"labels.{options.format}"}
    if options.report:
        files["report"] = options.output / "report.html"
        files["flaws"] = options.output / "flaws.csv"
    if options.duplicates:
        files["duplicates"] = options.output / "duplicates.csv"
    if options.export:
        files["export"] = options.output / "clusters"
    return files


def write_results(
    options, estimator, images, labels, probabilities, outlier_scores, *, written=None
):
    """Write the table, and the report and the export if they are requested.

    What was written there before and is not renewed is told.

    Parameters
    ----------
    options : Namespace
    estimator : DeepImageClusterer
    images : Images
    labels : ndarray of shape (n_images,), int64
    probabilities : ndarray of shape (n_images, n_clusters), float32
    outlier_scores : ndarray of shape (n_images,), float32, or None
    written : dict of str to Path, default=None
        Results that the command has written by itself.

    Returns
    -------
    files : dict of str to str
        With those that the command has written.
    """
    from ..cluster import partition_of
    from ..export import (
        export_clusters,
        write_duplicates,
        write_labels,
        write_parquet,
    )

    files = _files(options)
    names = estimator.cluster_names_
    if options.format == "parquet":
        write_parquet(
            files["labels"],
            images.X,
            labels=labels,
            probabilities=probabilities,
            names=names,
            outlier_scores=outlier_scores,
        )
    else:
        certainty = probabilities.max(axis=1)
        write_labels(files["labels"], images.names, labels, certainty, names, outlier_scores)
    duplicates = find_copies(options, estimator, images)
    if duplicates is not None:
        write_duplicates(files["duplicates"], images.names, *duplicates)
    if options.report:
        for failed in _write_report(estimator, images, files, duplicates):
            del files[failed]
    # Last, since it may move the images.
    if options.export:
        given = partition_of(estimator).names
        export_clusters(files["export"], images.names, labels, options.export, given)
    files.update(written or {})
    _tell_of_the_stale(options.output, files)
    return {name: str(path) for name, path in files.items()}


def find_copies(options, estimator, images):
    """Find copies among the images, as a step, if they are to be found."""
    from .. import find_duplicates
    from ..progress import step

    if not options.duplicates:
        return None
    with step("copies"):
        return find_duplicates(
            images.X,
            mirrored=options.mirrored,
            reader=estimator.reader_,
            memory=estimator.memory,
            on_error="skip",
            verbose=1,
        )


def _tell_of_the_stale(output, files):
    """Warn of results in the folder that are those of an earlier run."""
    tables = ("labels.csv", "labels.parquet", "flaws.csv", "duplicates.csv", "update.csv")
    results = (*tables, "report.html", "clusters")
    known = {path.name for path in files.values()}
    stale = [str(output / name) for name in results if name not in known]
    stale = [path for path in stale if os.path.lexists(path)]
    if stale:
        warnings.warn(
            f"{', '.join(stale)}: written before, of images and clusters as they were then. Remove "
            "it, or write it anew.",
            stacklevel=3,
        )


def write_page(estimator, images, path, duplicates, **limits):
    """Write the report in two steps; return the flaws that it tells of."""
    from .. import find_flaws
    from ..progress import step
    from ..report import write_report

    with step("quality"):
        flaws = find_flaws(images.X, reader=estimator.reader_, on_error="skip", verbose=1)
    with step("report"):
        write_report(estimator, images.X, path, duplicates=duplicates, flaws=flaws, **limits)
    return flaws


def _write_report(estimator, images, files, duplicates):
    """Write the page and the table of flaws; return the names of those that failed."""
    from ..export import write_flaws

    failed = ["report", "flaws"]
    cure = 'The report was not written; "skdeepcluster report" can write it from the model.'
    with _told_if_it_fails(cure):
        flaws = write_page(estimator, images, files["report"], duplicates)
        failed.remove("report")
    if "report" not in failed:
        with _told_if_it_fails(f"{str(files['flaws'])!r} was not written."):
            write_flaws(files["flaws"], images.names, flaws)
            failed.remove("flaws")
    return failed


@contextmanager
def _told_if_it_fails(message):
    """Warn in place of an error: the results of hours of work must be exported and printed."""
    try:
        yield
    except Exception as error:
        warnings.warn(f"{message} {type(error).__name__}: {error}", stacklevel=3)


def name_clusters(estimator, labels, images):
    """Name some clusters as the command "cluster" does; the others keep the names they have."""
    from ..cluster import partition_of

    names = dict(enumerate(partition_of(estimator).names))
    estimator.describe_clusters(X=images.X)
    estimator.set_cluster_names({label: names[label] for label in names.keys() - set(labels)})


def write_fit(options, estimator, images, model, *, written=None):
    """Save a model that was fitted, and write its results.

    Parameters
    ----------
    options : Namespace
    estimator : DeepImageClusterer
    images : Images
        Those of the fit.
    model : Path
    written : dict of str to Path, default=None
        As of :func:`write_results`.

    Returns
    -------
    outcome : Outcome
    """
    estimator.save(model)
    results = estimator.labels_, estimator.probabilities_, estimator.outlier_scores_
    files = write_results(options, estimator, images, *results, written=written)
    return summarize(
        images.names,
        estimator.labels_,
        _clusters_with_images(estimator, images.names),
        {**files, "model": str(model), "cache": str(estimator.memory)},
    )


def _clusters_with_images(estimator, names):
    """Describe the clusters of a fit in a table, each with its most typical image."""
    import pandas as pd

    clusters = estimator.cluster_info()
    typical = [str(names[best[0]]) for best in estimator.representative_indices_]
    # Strings of pandas must be valid text, which the names of files need not be.
    clusters["representative"] = pd.Series(typical, clusters.index, dtype=object)
    return clusters[["name", "size", "probability", "cohesion", "representative"]]


def summarize(names, labels, clusters, files):
    """Summarize the clusters and the files that were written.

    Parameters
    ----------
    names : list of str or Path
    labels : ndarray of shape (n_images,), int64
    clusters : DataFrame
        With a row for each cluster.
    files : dict of str to str

    Returns
    -------
    outcome : Outcome
    """
    skipped = [str(name) for name, label in zip(names, labels, strict=True) if label < 0]
    data = {
        "n_pictures": len(names),
        "n_clusters": len(clusters),
        "skipped": skipped,
        "clusters": records(clusters),
        "files": files,
    }
    left_out = f" ({len(skipped)} skipped)" * bool(skipped)
    lines = [
        clusters.drop(columns="representative", errors="ignore").round(3).to_string(),
        f"{len(names)} images{left_out}, {len(clusters)} clusters",
        *(f"{name}: {path}" for name, path in files.items()),
    ]
    return Outcome(data, "\n".join(lines))
