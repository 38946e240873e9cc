"""``skdeepcluster update``."""

import filecmp
import os
import warnings
from collections import defaultdict

from ._clustered import check_output, n_steps_of_results, name_clusters, write_fit
from ._images import Images, open_images
from ._interruption import explain_interruption
from ._options import add_images
from ._outcome import Outcome, records
from ._reader import check_function, suffixes_of
from ._result import (
    add_output_like_it,
    add_result,
    images_that_are_gone,
    open_result,
    refuse_images_that_are_gone,
    use_cache_of,
)

HELP = "take the new images of a folder into a clustering"
EPILOG = """\
example:
  skdeepcluster update result/ photos/ --output new/

Images of the folder that the clustering does not have yet go to its clusters. Those that are near
to one another, and to hardly any that it has, become new clusters. When there are twice as many
images as at the last clustering, all are clustered anew, without reading the old ones again;
clusters keep their numbers and names as far as they are the same (--refit no: never). DIR will hold
what "cluster" writes, and update.csv, which says what became of each cluster; the report is written
if the result has one.

JSON: what "cluster" prints, "n_new" (images that were added) and "update" (objects with "cluster",
-1 if it is gone, "name", "state", "former", "size", "added", "joined", "left", "drift",
"merge_with" and "split", see DeepImageClusterer.update).
"""


def add_options(parser):
    """Add options for the result, the images and the output."""
    add_result(parser)
    add_images(parser)
    parser.add_argument(
        "--refit",
        choices=["auto", "yes", "no"],
        default="auto",
        help="whether all images are clustered anew: auto does so when their number has doubled "
        "(default: %(default)s)",
    )
    add_output_like_it(parser)


def run(options):
    """Take the images in, save the model and write the results."""
    from ..cluster import partition_of
    from ..export import write_growth
    from ..progress import counted_steps, expect_steps, step
    from ..storage import check_file, check_model_folder

    estimator, folder = open_result(options)
    new = _new_images(options, estimator)
    check_output(options)
    table_file = options.output / "update.csv"
    check_file(table_file)
    new_model = options.output / "model"
    check_model_folder(new_model)
    memory = use_cache_of(options, folder)
    estimator.set_params(on_error="skip", verbose=1, memory=memory)
    refit = {"yes": True, "no": False}.get(options.refit, "auto")
    with explain_interruption(memory), counted_steps():
        # Besides those of the results: the update, and names.
        expect_steps(2 + n_steps_of_results(options))
        with step("update"):
            table = estimator.update(new, refit=refit)
        partition = partition_of(estimator)
        paths = partition.images.paths or []
        images = Images(paths, paths)
        with step("names"):
            unnamed = [label for label, name in enumerate(partition.names) if name is None]
            name_clusters(estimator, unnamed, images)
        # Rows at the end are of clusters that are gone.
        table["name"] = [*estimator.cluster_names_, *table["name"][estimator.n_clusters_ :]]
        # First: it could not be made again.
        write_growth(table_file, table)
        written = {"update": table_file}
        outcome = write_fit(options, estimator, images, new_model, written=written)
    data = {**outcome.data, "n_new": len(new), "update": records(table)}
    return Outcome(data, "\n".join([*_told(table, len(new)), outcome.text]))


def _new_images(options, estimator):
    """Find the images of the folder that have no cluster yet."""
    from ..cluster import partition_of

    partition = partition_of(estimator)
    known = partition.images.paths
    if known is None:
        raise ValueError(
            "The model does not know its images by their paths. The command updates the clustering "
            "of a folder; DeepImageClusterer.update takes any images."
        )
    gone = images_that_are_gone(partition)
    if len(gone) == (partition.labels >= 0).sum():
        # All images of the folder would be taken in a second time.
        refuse_images_that_are_gone(gone)
    images = open_images(options, suffixes_of(estimator.reader_))
    if images.X is not images.names:
        raise ValueError(
            f"{str(options.images)!r} is no folder, and the images of the clustering are files in "
            "one: pass a folder."
        )
    check_function(estimator.reader_, images)
    places = {os.path.abspath(path) for path in known}
    new = [path for path in images.names if os.path.abspath(path) not in places]
    if not new:
        raise ValueError(
            f"All {len(images)} images in {str(options.images)!r} have clusters already."
        )
    _warn_of_the_same(new, known)
    return new


def _warn_of_the_same(new, known):
    """Warn of new images that may be known ones: those of a folder that was moved or copied."""
    namesakes = defaultdict(list)
    for path in known:
        namesakes[os.path.basename(path)].append(path)
    same = [
        (path, other)
        for path in new
        for other in namesakes[os.path.basename(path)]
        if _may_be_same(path, other)
    ]
    if same:
        path, other = same[0]
        warnings.warn(
            f"{len({path for path, _ in same})} of the {len(new)} new images may have clusters "
            f"already, as files in another place, such as {str(path)!r} as {str(other)!r}. They "
            "are taken in once more; of a folder that was moved or copied, pass the one that was "
            "clustered.",
            stacklevel=3,
        )


def _may_be_same(path, other):
    try:
        return not os.path.exists(other) or filecmp.cmp(path, other, shallow=False)
    except OSError:
        # What cannot be read is skipped, and told, when images are embedded.
        return False


def _told(table, n_new):
    """Tell in lines what became of clusters."""
    lines = [f"{n_new} new images"]
    for label, row in table.iterrows():
        if row["state"] == "new":
            lines.append(f"cluster {label} is new: {row['size']} images")
        elif row["state"] == "gone":
            lines.append(f"cluster {row['former']} ({row['name']}) is gone")
        elif row["former"] != label:
            lines.append(f"cluster {row['former']} is cluster {label} now")
    n_moved = int(table["left"].sum())
    return [*lines, f"{n_moved} images went to other clusters"] if n_moved else lines
