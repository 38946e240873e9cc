"""The steps of a fit that are shown are those that were announced."""

import pytest

from skdeepcluster import DeepImageClusterer

from ..progress.test_steps import titles


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({}, ["embedding", "neighbours", "start", "embedding views", "training"]),
        ({"n_views": 0}, ["embedding", "neighbours", "start", "training"]),
        (
            {"n_clusters": "auto", "max_clusters": 6, "n_views": 0},
            ["embedding", "number of clusters", "neighbours", "start", "training"],
        ),
        (
            {"fine_tune": 1, "fine_tune_iter": 1},
            ["embedding", "fine-tuning", "neighbours", "start", "training"],
        ),
        (
            {"fine_tune": 1, "fine_tune_mode": "jointly"},
            ["embedding", "neighbours", "start", "training"],
        ),
    ],
)
def test_all_steps_of_a_fit_are_counted(params, names, snapshots, capsys):
    est = DeepImageClusterer(4, image_size=32, max_iter=1, random_state=0, verbose=1)
    est.set_params(**params).fit(snapshots[0])
    shown = titles(capsys.readouterr().err)
    # Bars within a step are named beside it.
    steps = list(dict.fromkeys(title.partition(",")[0] for title in shown))
    expected = [f"step {i} of {len(names)}: {name}" for i, name in enumerate(names, 1)]
    assert steps == expected


def test_features_need_fewer(snapshots, capsys):
    X = snapshots[0].reshape(40, -1)[:, ::64]
    DeepImageClusterer(4, max_iter=1, random_state=0, verbose=1).fit(X)
    assert titles(capsys.readouterr().err) == [
        *("step 1 of 3: neighbours", "step 2 of 3: start", "step 3 of 3: training")
    ]
    DeepImageClusterer(4, max_iter=1, random_state=0).fit(X)
    assert capsys.readouterr().err == ""
