"""Put the tables of ``benchmarks/results`` into the docs.

``python benchmarks/tables.py``; nothing there between the markers is written by hand.
"""

import json
import re
from pathlib import Path

import pandas as pd
from _data import FEATURE_SETS, OTHER_SETS

RESULTS = Path(__file__).parent / "results"
DOCS = Path(__file__).parents[1] / "docs"


def quality(measure):
    """Mean over seeds of a measure, the best method first; its spread in brackets."""
    runs = pd.DataFrame(json.loads((RESULTS / "quality.json").read_text())["runs"])
    groups = runs.groupby(["method", "data"])[measure]
    mean, spread = groups.mean().unstack(), groups.std().unstack()
    sets = [name for name in FEATURE_SETS if name in mean]
    complete = mean[sets].notna().all(axis=1)
    overall = mean[sets].mean(axis=1).where(complete)
    seeds = runs.groupby(["method", "data"])["seed"].nunique().unstack()[sets].min(axis=1)
    rows = []
    for method in overall.sort_values(ascending=False).index:
        cells = [
            "" if pd.isna(value) else f"{value:.3f}" + _brackets(spread.loc[method, name])
            for name, value in mean.loc[method, sets].items()
        ]
        average = "" if pd.isna(overall[method]) else f"**{overall[method]:.3f}**"
        rows.append([f"`{method}`", average, *cells, f"{seeds[method]:.0f}"])
    return _markdown(["", "mean", *(FEATURE_SETS[name] for name in sets), "seeds"], rows)


def seconds():
    """Median seconds of a run."""
    runs = pd.DataFrame(json.loads((RESULTS / "quality.json").read_text())["runs"])
    median = runs.groupby("method")["seconds"].median().sort_values()
    return _markdown(["", "seconds"], [[f"`{name}`", f"{s:.1f}"] for name, s in median.items()])


def counts():
    """Estimated numbers of clusters."""
    rows = json.loads((RESULTS / "unsupervised.json").read_text())["sets"]
    head = ["", "classes", "found", "ECE", "temperature"]
    lines = [
        [
            FEATURE_SETS[name],
            row["n_classes"],
            row["n_found"],
            f"{row['calibration_error']:.3f}",
            f"{row['temperature']:.2f}",
        ]
        for name, row in rows.items()
    ]
    return _markdown(head, lines)


def outliers():
    """Area under the ROC curve of the outlier scores."""
    rows = json.loads((RESULTS / "unsupervised.json").read_text())["outliers"]
    lines = []
    for title, auroc in rows.items():
        name, of = title.split(", ")
        lines.append([FEATURE_SETS[name], FEATURE_SETS.get(of, of), f"{auroc:.3f}"])
    return _markdown(["images", "outliers", "AUROC"], lines)


def elsewhere():
    """Accuracy and mutual information on sets that are not among the ten."""
    runs = pd.DataFrame(json.loads((RESULTS / "quality.json").read_text())["runs"])
    mean = runs.groupby(["method", "data"])[["ACC", "NMI"]].mean().unstack()
    measured = mean["ACC"].loc["deep_image_clusterer"].dropna().index
    shown = [
        (measure, name) for name in OTHER_SETS if name in measured for measure in ("ACC", "NMI")
    ]
    mean = mean[shown].dropna()
    order = mean["ACC"].mean(axis=1).sort_values(ascending=False).index
    rows = [
        [f"`{method}`", *(f"{value:.3f}" for value in mean.loc[method, shown])] for method in order
    ]
    return _markdown(["", *(f"{OTHER_SETS[name]}: {measure}" for measure, name in shown)], rows)


def fine_tune():
    """Accuracy, mutual information and time with and without training on the images."""
    tuned = pd.DataFrame(json.loads((RESULTS / "fine_tune.json").read_text())["runs"])
    frozen = pd.DataFrame(json.loads((RESULTS / "quality.json").read_text())["runs"])
    frozen = frozen[frozen["method"] == "deep_image_clusterer"].assign(method="frozen")
    runs = pd.concat([frozen[frozen["data"].isin(tuned["data"])], tuned])
    mean = runs.groupby(["data", "method"]).mean(numeric_only=True).unstack()
    seeds = runs.groupby(["data", "method"]).size().unstack()
    methods = [name for name in ("frozen", "adapted", "fine_tuned") if name in seeds]
    shown = [(measure, method) for measure in ("ACC", "NMI") for method in methods]
    shown.append(("seconds", "fine_tuned"))
    mean.loc["mean"] = mean.mean(skipna=False)
    rows = [
        [
            FEATURE_SETS.get(name, name),
            *("" if pd.isna(value) else f"{value:.3f}" for value in mean.loc[name, shown[:-1]]),
            f"{mean.loc[name, shown[-1]] / 60:.0f}",
        ]
        for name in [*(name for name in FEATURE_SETS if name in seeds.index), "mean"]
    ]
    heads = [f"{measure} {method.replace('_', '-')}" for measure, method in shown[:-1]]
    return _markdown(["", *heads, "minutes"], rows)


def rejection():
    """How images of classes that are not in the fit are told from others, mean over seeds."""
    runs = pd.DataFrame(json.loads((RESULTS / "rejection.json").read_text())["runs"])
    mean = runs.groupby("data").mean(numeric_only=True)
    shown = {
        "auroc": "AUROC of scores",
        "auroc_confidence": "of confidences",
        "rejected_other": "rejected of other classes",
        "rejected_known": "of known ones",
    }
    rows = [
        [FEATURE_SETS[name], *(f"{value:.3f}" for value in mean.loc[name, list(shown)])]
        for name in FEATURE_SETS
        if name in mean.index
    ]
    return _markdown(["", *shown.values()], rows)


def semi_supervised():
    """Accuracy on images without a label, where some others have one, mean over draws."""
    runs = pd.DataFrame(json.loads((RESULTS / "semi_supervised.json").read_text())["runs"])
    mean = runs.groupby(["n_labels", "method", "data"])[["ACC", "right"]].mean()
    sets = [name for name in FEATURE_SETS if name in set(runs["data"])]
    rows = [
        [
            n_labels,
            method if method[0].isupper() else f"`DeepImageClusterer`, {method}",
            *(
                f"{found['ACC']:.3f}"
                + ("" if method == "without labels" else f" ({found['right']:.3f})")
                for found in (mean.loc[n_labels, method, name] for name in sets)
            ),
        ]
        for n_labels in sorted(set(runs["n_labels"]))
        for method in dict.fromkeys(runs["method"])
    ]
    return _markdown(["labels a class", "", *(FEATURE_SETS[name] for name in sets)], rows)


def growing():
    """Compare clusters that grew in batches with one fit on all images, mean over seeds."""
    runs = json.loads((RESULTS / "growing.json").read_text())["runs"]
    table = pd.json_normalize(runs)
    table["time"] = table["seconds"] / table["whole_seconds"]
    mean = table.groupby(["order", "data"]).mean(numeric_only=True)
    least = table.groupby(["order", "data"])["n_clusters"].agg(["min", "max"])
    rows = []
    for order, title in {"random": "random", "late": "two classes late"}.items():
        titles = {**FEATURE_SETS, "made": "200,000 made rows"}
        for name in (name for name in titles if (order, name) in mean.index):
            found = mean.loc[order, name]
            low, high = least.loc[order, name]
            shown = [f"{found['grown.last_found']:.2f}", f"{found['grown.last_pure']:.2f}"]
            rows.append(
                [
                    titles[name],
                    title,
                    f"{found['whole.ACC']:.3f}",
                    f"{found['grown.ACC']:.3f}",
                    low if low == high else f"{low} to {high}",
                    f"{found['time']:.1f}",
                    *(shown if order == "late" else ["", ""]),
                ]
            )
    head = ["", "order", "ACC of one fit", "grown", "clusters", "time", "last class: found", "pure"]
    return _markdown(head, rows)


def checks():
    """Compare what the report page says of doubt with the truth, mean over seeds."""
    runs = pd.DataFrame(json.loads((RESULTS / "checks.json").read_text())["runs"])
    mean = runs.groupby("data").mean(numeric_only=True)
    shown = {
        "rank_probability": "rank correlation of purity and mean probability",
        "rank_cohesion": "and cohesion",
        "distance_probability": "mean distance of purity and mean probability",
        "distance_cohesion": "and cohesion",
        "wrong": "wrong of all images",
        "wrong_of_checks": "of the first listed",
        "wrong_of_least_probable": "of the least probable",
    }
    names = {**FEATURE_SETS, **OTHER_SETS}
    rows = [
        [names[name], *(f"{value:.2f}" for value in mean.loc[name, list(shown)])]
        for name in runs["data"].unique()
    ]
    return _markdown(["", *shown.values()], rows)


def names():
    """How often the names of clusters are right."""
    rows = json.loads((RESULTS / "names.json").read_text())["sets"]
    verdicts = ("right", "hypernym", "hyponym", "near", "wrong", "none")
    lines = []
    for data, clusters in rows.items():
        found = pd.DataFrame(clusters)
        counts = [(found["verdict"] == verdict).sum() for verdict in verdicts]
        distance = found["distance"].astype(float).mean()
        average = found["confidence"].astype(float).mean()
        lines.append(
            [
                FEATURE_SETS.get(data, "noise"),
                len(found),
                *counts,
                *("" if pd.isna(mean) else f"{mean:.2f}" for mean in (distance, average)),
            ]
        )
    return _markdown(["", "clusters", *verdicts, "steps", "confidence"], lines)


def copies():
    """Precision and recall of pairs of copies."""
    rows = json.loads((RESULTS / "copies.json").read_text())["rows"]
    measures = ("precision", "recall", "resized", "recompressed", "cropped", "mirrored")
    lines = [
        [
            f"`{name}`" if name.startswith("find") else name,
            *(f"{row[measure]:.3f}" if measure in row else "" for measure in measures),
            f"{row['seconds']:.0f}",
        ]
        for name, row in rows.items()
    ]
    head = ["", "precision", "recall", *(f"recall: {kind}" for kind in measures[2:]), "seconds"]
    return _markdown(head, lines)


def levels():
    """Which clusters are joined first, by each way of joining them."""
    rows = json.loads((RESULTS / "levels.json").read_text())["rows"]
    methods = {"average_linkage": "`tree_`", "centered_means": "means alone", "ward": "Ward"}
    measures = ("triplets", "nearness at 0.25", "nearness at 0.5")
    lines = [
        [
            ", ".join([FEATURE_SETS[name], what]),
            *(f"{row[method][measure]:.2f}" for measure in measures for method in methods),
        ]
        for (name, what), row in ((key.split(", "), row) for key, row in rows.items())
    ]
    head = [
        f"{title}: {method}"
        for title in ("triplets", "a quarter joined", "half joined")
        for method in methods.values()
    ]
    return _markdown(["", *head], lines)


def stability():
    """Agreement of refits by the stability of images."""
    rows = json.loads((RESULTS / "stability.json").read_text())["rows"]
    lines = [
        [
            FEATURE_SETS[name],
            *(f"{part['agreement']:.2f} ({100 * part['share']:.1f} %)" for part in row["parts"]),
            *(f"{row[name]:.3f}" for name in ("agreement", "stability", "AUROC")),
        ]
        for name, row in rows.items()
    ]
    parts = ["below 0.25", "to 0.5", "to 0.75", "above"]
    return _markdown(["", *parts, "agreement of all", "stability of all", "AUROC"], lines)


def looks():
    """Accuracy with more than one look at an image, mean over seeds."""
    runs = pd.DataFrame(json.loads((RESULTS / "looks.json").read_text())["runs"])
    mean = runs.groupby(["look", "views", "data"])["ACC"].mean().unstack().dropna()
    sets = [name for name in FEATURE_SETS if name in mean]
    order = mean[sets].mean(axis=1).sort_values(ascending=False).index
    rows = [
        [look, n_views, f"**{values.mean():.3f}**", *(f"{value:.3f}" for value in values)]
        for look, n_views in order
        for values in [mean.loc[(look, n_views), sets]]
    ]
    return _markdown(["", "views", "mean", *(FEATURE_SETS[name] for name in sets)], rows)


def published():
    """Accuracy, clusters that are left and time of the published method and of the defaults."""
    runs = pd.DataFrame(json.loads((RESULTS / "published.json").read_text())["runs"])
    rows = [
        [
            f"{FEATURE_SETS[name]}, {n_images:,} images, {epochs} epochs",
            *(
                f"{row[measure]:.3f}"
                for measure in ("ACC", "NMI")
                for row in (of["as published"], of["default"])
            ),
            of["as published"]["n_clusters"],
            *(f"{of[method]['cpu_seconds'] / 60:.1f}" for method in ("as published", "default")),
        ]
        for (name, n_images, epochs), group in runs.groupby(["data", "n_images", "epochs"])
        for of in [group.set_index("method").to_dict("index")]
    ]
    head = [
        *("", "ACC as published", "ACC default", "NMI as published", "NMI default"),
        *("clusters left", "CPU minutes", "CPU minutes, default"),
    ]
    return _markdown(head, rows)


def ablation():
    """Accuracy of the parts, the mean over sets and the sets themselves."""
    runs = pd.DataFrame(json.loads((RESULTS / "ablation.json").read_text())["runs"])
    mean = runs.drop(columns="seed").groupby("data").mean()
    sets = [name for name in FEATURE_SETS if name in mean.index]
    rows = [
        [
            part,
            "" if values.isna().any() else f"**{values.mean():.3f}**",
            *("" if pd.isna(value) else f"{value:.3f}" for value in values),
        ]
        for part, values in mean.loc[sets].T.iterrows()
    ]
    return _markdown(["", "mean", *(FEATURE_SETS[name] for name in sets)], rows)


def consensus():
    """Accuracy of the start by the rule that chooses it, on groups of sets."""
    runs = pd.DataFrame(json.loads((RESULTS / "consensus.json").read_text())["runs"])
    mean = runs.drop(columns="seed").groupby("data").mean()
    names = mean.index.to_series()
    groups = {
        "ten sets": names.isin(FEATURE_SETS.values()),
        "uneven": names.str.endswith("uneven"),
        "20 classes of Caltech-101": names.str.startswith("20 classes"),
        "digits": names == "digits",
        **{
            name: names == name for name in (FEATURE_SETS["imagenette_1to10"], *OTHER_SETS.values())
        },
    }
    columns = {group: mean[chosen].mean() for group, chosen in groups.items()}
    rows = [
        [rule, *(f"{values[rule]:.3f}" for values in columns.values())] for rule in mean.columns
    ]
    return _markdown(["", *groups], rows)


def retrieval(part):
    """Recall and median rank both ways."""
    rows = json.loads((RESULTS / "retrieval.json").read_text())[part]
    columns = ["R@1", "R@5", "R@10", "median rank"]
    lines = [
        [
            # A row that was not measured again says so.
            f"{name} (former build)" if row.get("former build") else name,
            *(
                " / ".join(f"{row[side][c]:.3f}" for c in columns[:3])
                + f" ({row[side]['median rank']:.1f})"
                for side in ("image to text", "text to image")
            ),
        ]
        for name, row in rows.items()
    ]
    head = ["", *(f"{side}: R@1 / 5 / 10 (median)" for side in ("captions", "images"))]
    return _markdown(head, lines)


def hard_captions():
    """How often the true caption scores above a wrong one, and the recall with the same models."""
    results = json.loads((RESULTS / "hard_captions.json").read_text())
    kinds = list(results["captions"])
    lines = [
        [
            name,
            *(f"{row[kind]:.3f}" for kind in kinds),
            *(f"{side['R@10']:.3f}" for side in row["recall"].values()),
            row["folds"],
        ]
        for name, row in results["true above wrong"].items()
    ]
    return _markdown(["", *kinds, "R@10, captions", "R@10, images", "folds"], lines)


def images_by_images():
    """Share of the ten nearest images that captions call nearest, too."""
    rows = json.loads((RESULTS / "retrieval.json").read_text())["images"]["share of the ten"]
    return _markdown(["", "of ten"], [[name, f"{share:.3f}"] for name, share in rows.items()])


def missing():
    """Recall where images lack relations, and how often those come first."""
    rows = json.loads((RESULTS / "retrieval.json").read_text())["missing"]
    table = retrieval("missing").splitlines()
    places = [["robbed among the first ten"], ["---"]] + [
        [f"{row['robbed among the first ten']:.2f} (of all {row['robbed of all']:.2f})"]
        for row in rows.values()
    ]
    return "\n".join(f"{line} {place} |" for line, (place,) in zip(table, places, strict=True))


def search():
    """Shortlists among many images."""
    row = json.loads((RESULTS / "retrieval.json").read_text())["search"]
    lines = [
        [name.split()[0], *(f"{value:g}" for value in figures.values())]
        for name, figures in row.items()
        if isinstance(figures, dict)
    ]
    return _markdown(["candidates", "recall of the exact ten", "milliseconds a query"], lines)


def graphs_of_images():
    """Tell what is found in scenes whose photographs are known."""
    parts = json.loads((RESULTS / "graphs_of_images.json").read_text())["objects"]
    titles = {"seen": "first five classes", "judged": "the other five"}
    columns = ("found", "mean IoU", "named", "named by its class", "boxes that are right")
    lines = [
        [titles[part], *(f"{row[name]:.2f}" for name in columns)] for part, row in parts.items()
    ]
    return _markdown(["photographs of", *columns], lines)


def _brackets(spread):
    return "" if pd.isna(spread) else f" ({spread:.3f})"


def _markdown(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def main():
    pages = {
        "benchmarks.md": {
            "ACC": quality("ACC"),
            "NMI": quality("NMI"),
            "ARI": quality("ARI"),
            "seconds": seconds(),
            "elsewhere": elsewhere(),
            "fine_tune": fine_tune(),
            "counts": counts(),
            "outliers": outliers(),
            "rejection": rejection(),
            "checks": checks(),
            "names": names(),
            "semi_supervised": semi_supervised(),
            "growing": growing(),
            "copies": copies(),
            "levels": levels(),
            "stability": stability(),
        },
        "guide/backbones.md": {"looks": looks()},
        "method.md": {
            "ablation": ablation(),
            "consensus": consensus(),
            "published": published(),
        },
        "scene-graphs.md": {
            "folds": retrieval("folds"),
            "hard_captions": hard_captions(),
            "images": images_by_images(),
            "ceiling": retrieval("ceiling"),
            "missing": missing(),
            "search": search(),
            "graphs_of_images": graphs_of_images(),
        },
    }
    for name, tables in pages.items():
        page = (DOCS / name).read_text(encoding="utf-8")
        for mark, table in tables.items():
            marked = f"<!-- {mark} -->\n{table}\n<!-- end -->"
            pattern = rf"<!-- {mark} -->.*?<!-- end -->"
            page = re.sub(pattern, lambda _, m=marked: m, page, flags=re.S)
        (DOCS / name).write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
