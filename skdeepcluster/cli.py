"""The command ``skdeepcluster``."""

import argparse
import sys
import warnings
from pathlib import Path

from ._version import __version__

_EXAMPLES = """\
examples:
  skdeepcluster cluster photos/ --n-clusters 12 --output result/
  skdeepcluster cluster photos/ --n-clusters 12 --output result/ --export copy
  skdeepcluster assign result/model more-photos/ --output more-result/
  skdeepcluster embed photos/ --output features.npz
  skdeepcluster backbones
"""


def main(arguments=None):
    """Run the command; return its exit status: 0, or 1 after an error, 130 after Ctrl-C."""
    options = _parser().parse_args(arguments)
    warnings.showwarning = _print_warning
    try:
        options.run(options)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except (ImportError, OSError, ValueError) as error:
        print(f"skdeepcluster: error: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    return 0


def _print_warning(message, category, *_):
    print(f"skdeepcluster: warning: {message}", file=sys.stderr)


def _parser():
    parser = argparse.ArgumentParser(
        prog="skdeepcluster",
        description="Cluster pictures with pretrained networks.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="command")

    cluster = commands.add_parser("cluster", help="cluster the pictures in a folder")
    cluster.add_argument("folder", type=Path)
    cluster.add_argument(
        "--n-clusters", type=_count, required=True, metavar="K", help="a number, or auto"
    )
    cluster.add_argument(
        "--fine-tune", type=int, default=0, metavar="N", help="train the backbone's last N stages"
    )
    cluster.add_argument("--seed", type=int, default=0, help="random state (default: 0)")
    _add_backbone(cluster)
    _add_output(cluster)
    cluster.set_defaults(run=_cluster)

    assign = commands.add_parser("assign", help="put new pictures to the clusters of a model")
    assign.add_argument("model", type=Path, help="the folder 'model' of an earlier output")
    assign.add_argument("folder", type=Path)
    _add_output(assign)
    assign.set_defaults(run=_assign)

    embed = commands.add_parser("embed", help="write the features of the pictures in a folder")
    embed.add_argument("folder", type=Path)
    embed.add_argument(
        "--output", type=Path, required=True, help="an .npz file: 'paths' and 'features'"
    )
    _add_backbone(embed)
    embed.set_defaults(run=_embed)

    backbones = commands.add_parser("backbones", help="list recommended backbones")
    backbones.set_defaults(run=_backbones)
    return parser


def _count(text):
    """Read a number of clusters."""
    return text if text == "auto" else int(text)


def _add_backbone(parser):
    parser.add_argument("--backbone", default="efficientnet_lite0", help="default: %(default)s")
    parser.add_argument("--image-size", type=int, metavar="PIXELS")
    parser.add_argument("--memory", type=Path, metavar="DIR", help="keep features in this folder")


def _add_output(parser):
    parser.add_argument("--output", type=Path, required=True, metavar="DIR")
    parser.add_argument(
        "--export",
        choices=["copy", "symlink", "move"],
        help="also sort the pictures into OUTPUT/clusters, a folder a cluster",
    )


def _cluster(options):
    from . import DeepImageClusterer, list_images

    paths = list_images(options.folder)
    _check_output(options)
    estimator = DeepImageClusterer(
        options.n_clusters,
        backbone=options.backbone,
        image_size=options.image_size,
        fine_tune=options.fine_tune,
        memory=options.memory,
        on_error="skip",
        random_state=options.seed,
        verbose=1,
    ).fit(paths)
    options.output.mkdir(parents=True, exist_ok=True)
    estimator.save(options.output / "model")
    probabilities = estimator.probabilities_
    _write(options, paths, estimator.labels_, probabilities)
    info = estimator.cluster_info(n_representatives=1)
    print(info[["size", "cohesion"]].round(3).to_string())


def _assign(options):
    from . import DeepImageClusterer, list_images

    estimator = DeepImageClusterer.load(options.model).set_params(on_error="skip", verbose=1)
    paths = list_images(options.folder)
    _check_output(options)
    probabilities = estimator.predict_proba(paths)
    options.output.mkdir(parents=True, exist_ok=True)
    _write(options, paths, _most_likely(probabilities), probabilities)


def _most_likely(probabilities):
    import numpy as np

    skipped = np.isnan(probabilities[:, 0])
    return np.where(skipped, -1, np.nan_to_num(probabilities).argmax(axis=1))


def _check_output(options):
    """Refuse before the work what would fail after it."""
    if options.export and (options.output / "clusters").exists():
        raise FileExistsError(
            f"{str(options.output / 'clusters')!r} exists already. Remove it or name another "
            "output."
        )


def _write(options, paths, labels, probabilities):
    from ._export import export_clusters, write_labels

    table = options.output / "labels.csv"
    write_labels(table, paths, labels, probabilities.max(axis=1))
    if options.export:
        export_clusters(options.output / "clusters", paths, labels, options.export)
    print(f"{len(paths)} pictures: {table}")


def _embed(options):
    import numpy as np

    from . import ImageEmbedder, list_images

    paths = list_images(options.folder)
    if not options.output.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {str(options.output.parent)!r}.")
    embedder = ImageEmbedder(
        options.backbone,
        image_size=options.image_size,
        memory=options.memory,
        on_error="skip",
        verbose=1,
    )
    features = embedder.fit_transform(paths)
    partial = options.output.with_name(f".{options.output.name}.partial.npz")
    try:
        np.savez(partial, paths=np.array([str(path) for path in paths]), features=features)
        partial.replace(options.output)
    finally:
        partial.unlink(missing_ok=True)
    print(f"{len(paths)} pictures, {features.shape[1]} features: {options.output}")


def _backbones(options):
    from .backbones import list_backbones

    print(list_backbones().to_string())


if __name__ == "__main__":
    sys.exit(main())
