"""``skdeepcluster refine``."""

from ._clustered import check_output, n_steps_of_results, name_clusters, write_fit
from ._images import Images, open_images
from ._interruption import explain_interruption
from ._options import add_files
from ._outcome import Outcome
from ._result import (
    add_output_like_it,
    add_result,
    images_that_are_gone,
    open_result,
    refuse_images_that_are_gone,
    use_cache_of,
)
from ._values import UsageError, integer_from, label_and, path, several_labels

HELP = "correct a clustering, and learn from the corrections"
EPILOG = """\
examples:
  skdeepcluster refine result/ corrections.json --output new/
  skdeepcluster refine result/ --rename 3=dogs --merge 1,4 --output new/

The report page saves corrections.json. Where images were moved, belong together or not into a
cluster, or a cluster is split, the images are clustered anew, from the present clusters, with what
was corrected as it was corrected; otherwise clusters are named and merged as they are. A cluster
that is new, as by a split, is named by what its images show, as "cluster" does it. Features are
taken from the cache of the result. DIR will hold what "cluster" writes; the report is written if
the result has one.

Clusters keep their numbers, but there are no gaps: if there are fewer of them than before, those
with the highest numbers get those that are free.

JSON: what "cluster" prints, and "renumbered", objects with "from" and "to".
"""


def add_options(parser):
    """Add options for the result, the corrections and the output."""
    add_result(parser)
    parser.add_argument(
        "corrections", type=path, nargs="?", help="corrections.json, saved by the report page"
    )
    parser.add_argument(
        "--rename",
        type=label_and("name"),
        action="append",
        default=[],
        metavar="LABEL=NAME",
        help="name a cluster; without NAME, take its name back",
    )
    parser.add_argument(
        "--merge",
        type=several_labels,
        action="append",
        default=[],
        metavar="LABEL,LABEL",
        help="make several clusters one, which keeps number and name of the first",
    )
    parser.add_argument(
        "--split",
        type=integer_from(0),
        action="append",
        default=[],
        metavar="LABEL",
        help="split a cluster in two; given several times, in three, and so on",
    )
    parser.add_argument(
        "--move",
        type=label_and("path"),
        action="append",
        default=[],
        metavar="PATH=LABEL",
        help="put an image into a cluster; the first number that is free makes a new one",
    )
    parser.add_argument(
        "--images",
        type=path,
        help="the .tar or .parquet file that was clustered; files in folders are known",
    )
    add_files(parser)
    add_output_like_it(parser)


def run(options):
    """Learn from the corrections, save the model and write the results."""
    from ..cluster import partition_of
    from ..corrections import refined_to, wanted_of
    from ..progress import counted_steps, expect_steps, step
    from ..storage import check_model_folder

    corrections = _corrections(options)
    estimator, folder = open_result(options)
    images = _images(options, partition_of(estimator))
    wanted = wanted_of(estimator, corrections, images.X)
    check_output(options)
    new_model = options.output / "model"
    check_model_folder(new_model)
    memory = use_cache_of(options, folder)
    estimator.set_params(on_error="skip", verbose=1, memory=memory)
    if wanted.needs_fit:
        _tell_where_features_come_from(memory)
        # They would lose their clusters.
        refuse_images_that_are_gone(images_that_are_gone(partition_of(estimator)))
    with explain_interruption(memory), counted_steps():
        # Clusters that the result does not have, and that nobody has named.
        unnamed = [label for label in wanted.new if wanted.names[label] is None]
        expect_steps(bool(unnamed) + n_steps_of_results(options))
        refined = refined_to(wanted, estimator, images.X)
        if unnamed:
            with step("names"):
                name_clusters(refined, unnamed, images)
        outcome = write_fit(options, refined, images, new_model)
    renumbered = [{"from": old, "to": new} for old, new in wanted.renumbered.items()]
    lines = [f"cluster {old} is cluster {new} now" for old, new in wanted.renumbered.items()]
    return Outcome({**outcome.data, "renumbered": renumbered}, "\n".join([*lines, outcome.text]))


def _corrections(options):
    """Join those of the file and those of the options."""
    from collections import Counter
    from dataclasses import replace

    from ..corrections import Corrections, read_corrections

    if not (
        options.corrections or options.rename or options.merge or options.split or options.move
    ):
        raise UsageError(
            "there is nothing to correct: pass corrections.json, --rename, --merge, --split or "
            "--move"
        )
    given = Corrections() if options.corrections is None else read_corrections(options.corrections)
    parts = {label: times + 1 for label, times in Counter(options.split).items()}
    return replace(
        given,
        names={**given.names, **{label: name or None for label, name in options.rename}},
        merged=[*given.merged, *options.merge],
        split={**given.split, **parts},
        moved={**given.moved, **dict(options.move)},
    )


def _images(options, partition):
    """Find the images of the fit."""
    if options.images is not None:
        return open_images(options)
    paths = partition.images.paths
    if paths is None:
        raise ValueError(
            "The model does not know where its images are: pass the .tar or .parquet file that was "
            "clustered as --images."
        )
    return Images(paths, paths)


def _tell_where_features_come_from(memory):
    if memory.is_dir():
        print(f"Features are taken from {str(memory)!r}; images that it lacks are read again.")
    else:
        print(f"There are no features in {str(memory)!r}: the images are read again.")
