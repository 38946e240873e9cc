"""What ``cluster`` and ``assign`` share: images with labels, as files and as text."""

import warnings

from ._images import IMAGE_FILES
from ._outcome import Outcome, records


def check_output(options):
    """Make the folder; refuse before the work what would fail after it."""
    from ..export import check_export
    from ..storage import check_file, check_writable

    if options.export and options.images.suffix in IMAGE_FILES:
        raise ValueError(
            f"--export sorts the files of a folder, and {str(options.images)!r} is none."
        )
    files = _files(options)
    if options.export:
        check_export(files["export"])
    if options.format == "parquet":
        _check_installed("pyarrow", "The Parquet table", "parquet")
    if options.report:
        check_report()
    # Last, so that what is refused leaves no folder behind.
    check_writable(options.output)
    check_file(files["labels"])
    if options.report:
        check_file(files["report"])


def check_report():
    """Raise an ImportError if what the report is made with is not there."""
    _check_installed("jinja2", "The report", "report")


def _check_installed(package, what, extra):
    from importlib.util import find_spec

    if find_spec(package) is None:
        raise ImportError(f'{what} needs {package}: pip install "skdeepcluster[{extra}]"')


def memory_of(options):
    """Folder of the features; without ``--memory`` in the output, so that a run can go on."""
    return options.memory or options.output / "cache"


def _files(options):
    files = {"labels": options.output / f"labels.{options.format}"}
    if options.report:
        files["report"] = options.output / "report.html"
    if options.export:
        files["export"] = options.output / "clusters"
    return files


def write_results(options, estimator, images, labels, probabilities):
    """Write the table and what else is wanted.

    Returns
    -------
    files : dict of str to str
    """
    from ..export import export_clusters, write_labels, write_parquet

    files = _files(options)
    if options.format == "parquet":
        write_parquet(files["labels"], images.X, labels=labels, probabilities=probabilities)
    else:
        write_labels(files["labels"], images.names, labels, probabilities.max(axis=1))
    if options.report and not _write_report(estimator, images, files["report"]):
        del files["report"]
    # Last, for it may move the images.
    if options.export:
        export_clusters(files["export"], images.names, labels, options.export)
    return {name: str(path) for name, path in files.items()}


def _write_report(estimator, images, path):
    from ..report import write_report

    try:
        write_report(estimator, images.X, path)
    # Whatever it is, what was found in hours of work is still to be exported and told.
    except Exception as error:
        warnings.warn(
            'The report was not written; "skdeepcluster report" can still do it, from the model. '
            f"{type(error).__name__}: {error}",
            stacklevel=2,
        )
        return False
    return True


def summarize(names, labels, clusters, files):
    """Say what was found and where it is.

    Parameters
    ----------
    names : list of str or Path
    labels : ndarray of shape (n_images,), int64
    clusters : DataFrame
        A row a cluster.
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
