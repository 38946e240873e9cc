"""Folders of models that somebody else has written, or that are damaged."""

import json
import re
from functools import partial
from operator import attrgetter
from pathlib import Path

import numpy as np
import pytest
import torch

from skdeepcluster import DeepImageClusterer
from skdeepcluster.cluster import _persistence

from .._edited_models import edited_configs, edited_tensors, read, write_config, write_tensors

OLD = Path(__file__).parent / "saved_by_0.1.0"
# What a save of the present format writes.
PARAMS = """
agreement backbone batch_size cluster_prior device engine feature_dtype fine_tune
fine_tune_mode fine_tune_iter image_size init learning_rate loss_weights max_clusters max_iter
min_clusters n_clusters n_components n_jobs n_neighbors n_views on_error random_state verbose
reader
"""
FIELDS = """
format version kind params fitted history loss_curve paths pictures names n_clusters_criterion
feature_names n_partitions n_clustered sees_components n_reviewed n_known_before on_pictures
fine_tuned backbone weights_digest quantised image_size reader reader_param
"""


@pytest.fixture(scope="module")
def X():
    rng = np.random.default_rng(0)
    X = np.eye(3, 4)[np.arange(30) % 3] * 4 + rng.normal(size=(30, 4)) * 0.5
    return X.astype(np.float32)


@pytest.fixture(scope="module")
def fitted(X):
    est = DeepImageClusterer(3, n_components=2, max_iter=1, n_neighbors=5, random_state=0)
    return est.fit(X).set_cluster_names({1: "second"})


@pytest.fixture
def folder(fitted, tmp_path):
    fitted.save(tmp_path / "model")
    return tmp_path / "model"


def load(folder):
    return DeepImageClusterer.load(folder)


def test_a_folder_that_version_0_1_0_has_written_loads(X, tmp_path):
    est = load(OLD)
    np.testing.assert_array_equal(est.predict(X), est.labels_)
    np.testing.assert_allclose(est.predict_proba(X), est.probabilities_, atol=1e-5)
    assert est.cluster_names_ == ["cluster 0", "second", "cluster 2"]
    assert est.max_iter == 2 and est.n_iter_ == 2 and est.history_["improved"] == [False, False]
    # Levels by the means of the clusters, which it has; no partitions.
    assert est.tree_.children_.shape == (2, 2) and est.tree_.stability_ is None
    assert est.cut(2).n_clusters_ == 2
    with pytest.raises(AttributeError, match=r"not of models that version 0\.1\.0 has saved"):
        attrgetter("stability_")(est)
    est.save(tmp_path / "again")
    np.testing.assert_array_equal(load(tmp_path / "again").predict(X), est.labels_)


def test_whatever_is_edited_is_refused_by_name_or_predicts(folder, X):
    config, _ = read(folder)
    config["loss_curve"] = [0.5]
    config["n_clusters_criterion"] = {"3": 0.5}
    config["feature_names"] = list("abcd")
    config["paths"] = [f"{number}.jpg" for number in range(30)]
    write_config(folder, config)
    assert load(folder).n_clusters_criterion_ == {3: 0.5}
    n_refused = 0
    for what, edited in edited_configs(config):
        write_config(folder, edited)
        try:
            est = load(folder)
        except ValueError as error:
            assert str(folder) in str(error), what
            n_refused += 1
            continue
        est.feature_names_in_ = np.array(list("abcd"), dtype=object)
        with pytest.warns(UserWarning, match="feature names"):
            assert est.predict(X).shape == (30,), what
        assert len(est.cluster_info()) == 3, what
    assert n_refused > 800


def test_whatever_tensor_is_edited_is_refused_by_name(folder):
    for what, edited in edited_tensors(read(folder)[1]):
        write_tensors(folder, edited)
        with pytest.raises(ValueError, match=re.escape(f"{str(folder)!r} is damaged")):
            load(folder)
            pytest.fail(what)


@pytest.mark.parametrize(
    "part, value, problem",
    [
        ("fitted.n_features_in_", 10**6, "n_features_in_ is 1000000, and the tensors have 4"),
        ("fitted.n_clusters_", -1, "n_clusters_ must be an integer from 1"),
        ("fitted.n_clusters_", 10**6, "n_clusters_ is 1000000, and the tensors have 3"),
        ("fitted.temperature_", 0, "temperature_ must be a number"),
        ("fitted.temperature_", float("nan"), "temperature_ must be a number"),
        ("fitted.predict", 1, r"'fitted\.predict' is unknown"),
        ("fitted.n_neighbors", 1, r"'fitted\.n_neighbors' is unknown"),
        ("fitted", {}, r"it has no 'fitted\.n_clusters_'"),
        ("names", ["one"], "names has 1 items in place of 3"),
        ("names", None, "names must be a list"),
        ("params.n_neighbors", -1, "The 'n_neighbors' parameter"),
        ("params.from_the_future", 1, "no parameter 'from_the_future'"),
        ("params.device", "toaster", "device"),
    ],
)
def test_what_is_wrong_is_told(folder, part, value, problem):
    config, _ = read(folder)
    *path, last = part.split(".")
    (config[path[0]] if path else config)[last] = value
    write_config(folder, config)
    with pytest.raises(ValueError, match=rf"model' is damaged: .*{problem}"):
        load(folder)
    write_config(folder, {**config, "version": "9.0"})
    with pytest.raises(ValueError, match=rf"version, .*, but of another \('9\.0'\): .*{problem}"):
        load(folder)


@pytest.mark.parametrize(
    "name, values, problem",
    [
        ("prototypes.clusters", [0, 1, 3], "from 0 to 2 step by step"),
        ("prototypes.clusters", [0, 0, 1], "from 0 to 2 step by step"),
        ("prototypes.clusters", [1, 1, 2], "from 0 to 2 step by step"),
        ("prototypes.clusters", [0, 2, 1], "from 0 to 2 step by step"),
        ("labels_", [0, 1] * 15, "not those of 3 clusters"),
        ("labels_", [0, 1, 7] * 10, "not those of 3 clusters"),
        ("labels_", [-2, 0, 1, 2, 0] * 6, "not those of 3 clusters"),
        ("labels_", [-1, 0, 1, 2, 0] * 6, "an image without a label"),
        ("prototypes.points", [[9.0, 0]] * 3, "not vectors of length 1"),
        ("probabilities_", [[0.5, 0.5, 0.5]] * 30, "do not sum to 1"),
        ("probabilities_", [[-1.0, 1, 1]] * 30, "do not sum to 1"),
    ],
)
def test_numbers_that_do_not_fit_together(folder, name, values, problem):
    write_tensors(folder, {**read(folder)[1], name: torch.tensor(values)})
    with pytest.raises(ValueError, match=rf"model' is damaged.*{problem}"):
        load(folder)


@pytest.mark.parametrize("part", [-1, -2])
def test_partitions_are_of_the_images_with_labels(folder, part):
    tensors = read(folder)[1]
    tensors["partitions"][0, 7] = part
    write_tensors(folder, tensors)
    with pytest.raises(ValueError, match=r"model' is damaged.*partitions are not labels"):
        load(folder)


@pytest.mark.parametrize(
    "n_clustered, problem",
    [
        (31, "n_clustered must be an integer from 1 to 30"),
        (0, "n_clustered must be an integer from 1"),
        (20, "partitions are not labels of the images that were clustered"),
    ],
)
def test_images_that_came_since_are_among_the_images(folder, n_clustered, problem):
    config, _ = read(folder)
    write_config(folder, {**config, "n_clustered": n_clustered})
    with pytest.raises(ValueError, match=rf"model' is damaged: .*{problem}"):
        load(folder)


@pytest.mark.parametrize("name", ["n_reviewed", "n_known_before"])
def test_images_that_were_known_are_among_the_images(folder, name):
    config, _ = read(folder)
    write_config(folder, {**config, name: 31})
    with pytest.raises(ValueError, match=f"{name} must be an integer from 1 to 30"):
        load(folder)


def test_a_head_takes_no_more_components_than_there_are(folder):
    config, tensors = read(folder)
    write_config(folder, {**config, "sees_components": True})
    fewer = {"reference.axes": torch.eye(4)[:, :2], "reference.rows": torch.ones(30, 2).half()}
    write_tensors(folder, {**tensors, **fewer})
    with pytest.raises(ValueError, match=r"head takes 4 components, and reference\.rows has 2"):
        load(folder)
    kept = {name: each for name, each in tensors.items() if not name.startswith("reference")}
    write_tensors(folder, kept)
    with pytest.raises(ValueError, match=r"sees_components is true without reference\.rows"):
        load(folder)


def test_nothing_is_allocated_for_sizes_that_no_tensor_has(folder, monkeypatch):
    config, tensors = read(folder)
    config["fitted"]["n_features_in_"] = 10**8
    write_config(folder, config)
    write_tensors(folder, {**tensors, "_feature_means": torch.zeros(0, 10**8)})
    devices = set()

    def noted(*size, make, **options):
        made = make(*size, **options)
        devices.add(made.device.type)
        return made

    for name in ("empty", "ones", "zeros"):
        monkeypatch.setattr(torch, name, partial(noted, make=getattr(torch, name)))
    with pytest.raises(ValueError, match="_feature_means"):
        load(folder)
    assert devices == {"meta"}


def test_where_features_are_kept_is_for_the_one_who_loads_it(fitted, folder, tmp_path):
    config, _ = read(folder)
    assert "memory" not in config["params"]
    config["params"]["memory"] = str(tmp_path / "elsewhere")
    write_config(folder, config)
    assert load(folder).memory is None


def test_an_invalid_parameter_is_told_when_it_is_saved(fitted, tmp_path):
    est = load(OLD).set_params(n_neighbors=0)
    with pytest.raises(ValueError, match="'n_neighbors' parameter"):
        est.save(tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_a_newer_format_is_told(folder):
    config, _ = read(folder)
    write_config(folder, {**config, "format": 99, "version": "9.9"})
    with pytest.raises(ValueError, match=r"model' has format 99.*version '9\.9': update"):
        load(folder)


def test_the_number_of_the_format_rises_with_its_content(folder):
    """Raise it, and the number here, for whatever a release writes that the last did not."""
    config, tensors = read(folder)
    assert (_persistence._NUMBER, config["format"]) == (2, 2)
    assert len(config["params"]) == len(DeepImageClusterer().get_params()) - len(["memory"])
    assert sorted(config["params"]) == sorted(PARAMS.split())
    assert sorted(config) == sorted(FIELDS.split())
    old_config, old_tensors = json.loads((OLD / "config.json").read_text()), read(OLD)[1]
    assert config["fitted"].keys() == old_config["fitted"].keys()
    new_tensors = {"partitions", "reference.axes", "reference.rows"}
    assert tensors.keys() == old_tensors.keys() | new_tensors
