"""Put the tables of ``benchmarks/results`` into ``docs/benchmarks.md``.

``python benchmarks/tables.py``; nothing in that file between the markers is written by hand.
"""

import json
import re
from pathlib import Path

import pandas as pd
from _data import FEATURE_SETS

RESULTS = Path(__file__).parent / "results"
PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"


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
    return _markdown(["pictures", "strangers", "AUROC"], lines)


def ranks():
    """Rank correlation of what is judged without labels and accuracy."""
    rows = json.loads((RESULTS / "unsupervised.json").read_text())["ranks"]
    lines = [
        [FEATURE_SETS[name], f"{row['score']:.2f}", f"{row['modularity_in_own_features']:.2f}"]
        for name, row in rows.items()
    ]
    return _markdown(["", "`score`", "in own features"], lines)


def _brackets(spread):
    return "" if pd.isna(spread) else f" ({spread:.3f})"


def _markdown(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def main():
    tables = {
        "ACC": quality("ACC"),
        "NMI": quality("NMI"),
        "ARI": quality("ARI"),
        "seconds": seconds(),
        "counts": counts(),
        "outliers": outliers(),
        "ranks": ranks(),
    }
    page = PAGE.read_text(encoding="utf-8")
    for name, table in tables.items():
        marked = f"<!-- {name} -->\n{table}\n<!-- end -->"
        page = re.sub(rf"<!-- {name} -->.*?<!-- end -->", lambda _, m=marked: m, page, flags=re.S)
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
