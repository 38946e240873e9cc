"""``skdeepcluster cache``."""

from ._outcome import Outcome, records
from ._values import amount, path

HELP = "show what a folder of features holds, and remove what is not used"
EPILOG = """\
examples:
  skdeepcluster cache result/cache
  skdeepcluster cache result/cache --max-days 90 --max-megabytes 5000

The folder is what was given as --memory, or the folder cache in the output of "cluster". Files of
features, of up to some thousand images each, are removed, those first that were not used for the
longest; features that are needed again are computed again.

JSON: "networks" (objects with "network", which stands for a network and its preprocessing,
"n_pictures", "n_features", "megabytes" and "days", since the last use), "megabytes", and
"n_removed", the number of files that were removed.
"""


def add_options(parser):
    """Add options for the folder and for what is kept in it."""
    parser.add_argument("folder", type=path, help="the folder of the cache")
    parser.add_argument(
        "--max-days",
        type=amount,
        metavar="DAYS",
        help="remove files that were not used for longer",
    )
    parser.add_argument(
        "--max-megabytes",
        type=amount,
        metavar="MB",
        help="remove the files that were not used for longest, until the others take no more",
    )


def run(options):
    """Trim the cache if that is asked for, and show what is left."""
    import time

    import pandas as pd

    from ..embedding import CachedFile, cached_files, trim_cache

    folder = options.folder.expanduser()
    removed = []
    if options.max_days is not None or options.max_megabytes is not None:
        max_bytes = None if options.max_megabytes is None else options.max_megabytes * 1e6
        removed = trim_cache(folder, max_days=options.max_days, max_bytes=max_bytes)
    files = pd.DataFrame(cached_files(folder), columns=CachedFile._fields)
    networks = files.groupby("network").agg(
        n_pictures=("n_images", "sum"),
        n_features=("n_features", "max"),
        megabytes=("n_bytes", lambda sizes: sizes.sum() / 1e6),
        days=("used_at", lambda times: (time.time() - times.max()) / 86400),
    )
    megabytes = float(files["n_bytes"].sum() / 1e6)
    data = {
        "networks": records(networks),
        "megabytes": megabytes,
        "n_removed": len(removed),
    }
    lines = [networks.round(1).to_string()] if len(networks) else []
    if removed:
        lines.append(f"{len(removed)} files removed")
    lines.append(f"{files['n_images'].sum()} images, {megabytes:.1f} MB: {folder}")
    return Outcome(data, "\n".join(lines))
