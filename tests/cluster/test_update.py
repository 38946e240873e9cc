"""Clusters that grow."""

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from skdeepcluster import DeepImageClusterer
from skdeepcluster.cluster import _growing, _growth, _novelty, _reference
from skdeepcluster.cluster._growth import candidates, growth_table
from skdeepcluster.cluster._novelty import are_new, new_groups
from skdeepcluster.cluster._reference import Reference

from ._small_clusterer import clusterer

N_KNOWN = 5


@pytest.fixture(scope="module")
def digits():
    """Features of the digits 0 to 4, in two parts, and of 5 and 6."""
    X, y = load_digits(n_class=7, return_X_y=True)
    order = np.random.RandomState(0).permutation(len(X))
    X, y = X[order], y[order]
    known = np.flatnonzero(y < N_KNOWN)
    first, second = known[:500], known[500:]
    return X, y, first, second, np.flatnonzero(y == N_KNOWN)


@pytest.fixture(scope="module")
def fitted_once(digits):
    X, _, first, _, _ = digits
    est = DeepImageClusterer(N_KNOWN, random_state=0).fit(X[first])
    return est.set_cluster_names({0: "zero", 3: "three"})


@pytest.fixture
def fitted(fitted_once):
    return copy.deepcopy(fitted_once)


def largest_cluster(labels, members):
    return np.bincount(labels[members]).argmax()


def test_images_like_those_of_the_fit_change_nothing_but_sizes(fitted, digits):
    X, _, first, second, _ = digits
    expected = fitted.predict(X)
    table = fitted.update(X[second])
    assert set(table["state"]) == {"grown"}
    assert (table["drift"] < 0.02).all() and table["added"].sum() == len(second)
    assert not table[["joined", "left"]].any(axis=None)
    np.testing.assert_array_equal(fitted.predict(X), expected)
    np.testing.assert_array_equal(fitted.labels_, expected[np.concatenate([first, second])])
    np.testing.assert_array_equal(table["size"], np.bincount(fitted.labels_))


def test_a_class_that_is_new_becomes_a_cluster(fitted, digits):
    X, y, first, second, late = digits
    before = fitted.labels_
    late, held_out = late[:120], late[120:]
    order = np.concatenate([first, second, late])
    table = fitted.update(X[np.concatenate([second, late])], refit=False)
    assert list(table["state"]) == ["grown"] * N_KNOWN + ["new"]
    assert list(table["former"]) == [*range(N_KNOWN), -1]
    np.testing.assert_array_equal(fitted.labels_[: len(first)], before)
    is_late = y[order] == N_KNOWN
    assert (fitted.labels_[is_late] == N_KNOWN).mean() > 0.95
    assert is_late[fitted.labels_ == N_KNOWN].mean() > 0.95
    # The head has learned it.
    assert (fitted.predict(X[held_out]) == N_KNOWN).mean() > 0.9
    assert (fitted.predict(X[second]) < N_KNOWN).mean() > 0.98
    assert fitted.cluster_names_ == [
        *("zero", "cluster 1", "cluster 2", "three", "cluster 4", "cluster 5")
    ]


def test_probabilities_are_those_of_the_labels(fitted, digits, monkeypatch):
    X, _, first, second, late = digits
    # Of clusters by chance, from which the head strays, and of images that it is not trained on.
    partition = fitted._partition
    strayed = np.where(np.arange(len(first)) % 9, partition.labels, 0)
    fitted._partition = partition.with_labels(strayed)
    monkeypatch.setattr(_growing, "_MOST_TRAINED", 300)
    table = fitted.update(X[np.concatenate([second, late])], refit=False)
    assert "new" in set(table["state"])
    np.testing.assert_array_equal(fitted.labels_[: len(first)], strayed)
    np.testing.assert_array_equal(fitted.probabilities_.argmax(axis=1), fitted.labels_)
    np.testing.assert_allclose(fitted.probabilities_.sum(axis=1), 1, rtol=1e-5)


def test_copies_of_two_clusters_can_be_taught(fitted, digits):
    X, _, first, _, late = digits
    # One of the known images is of the class that is new.
    rows = np.concatenate([first[:-1], late[:1]])
    est = DeepImageClusterer(N_KNOWN, random_state=0).fit(X[rows])
    before = est.labels_
    est.update(X[np.concatenate([late, late[:3]])], refit=False)
    assert est.n_clusters_ == N_KNOWN + 1
    np.testing.assert_array_equal(est.labels_[: len(rows)], before)
    np.testing.assert_array_equal(est.probabilities_.argmax(axis=1), est.labels_)


def test_confidence_stays_what_it_was(digits):
    X, _, first, second, late = digits
    few = DeepImageClusterer(N_KNOWN, random_state=0).fit(X[first[:50]])
    before = few.probabilities_.max(axis=1).mean()
    for new in (late[:60], second[:20]):
        few.update(X[new], refit=False)
        assert few.n_clusters_ == N_KNOWN + 1
        assert few.probabilities_[:50].max(axis=1).mean() == pytest.approx(before, abs=0.03)


def test_a_new_cluster_that_was_merged_stays_so(fitted, digits, tmp_path):
    X, _, _, second, late = digits
    fitted.update(X[late[:100]], refit=False)
    assert fitted.n_clusters_ == N_KNOWN + 1
    fitted.merge_clusters([0, N_KNOWN]).align_to(fitted.labels_)
    fitted.save(tmp_path / "model")
    for est in (fitted, DeepImageClusterer.load(tmp_path / "model")):
        labels = est.labels_
        table = est.update(X[second[:30]], refit=False)
        assert est.n_clusters_ == N_KNOWN and "new" not in set(table["state"])
        np.testing.assert_array_equal(est.labels_[: len(labels)], labels)
        assert np.isfinite(est.stability_[:500]).all()
    # The rule of the second clustering goes by what was clustered.
    assert fitted._partition.n_clustered == 500


def test_the_table_and_the_numbers_go_by_one_matching(fitted_once):
    before = fitted_once._partition
    # Each of two clusters has as much of the one as of the other.
    labels = before.labels.copy()
    for label in (0, 1):
        members = np.flatnonzero(before.labels == label)
        labels[members[: before.sizes[:2].min() // 2]] = 1 - label
    after = before.with_labels(labels)
    for former in ([0, 1, 2, 3, 4], [1, 0, 2, 3, 4]):
        table = growth_table(before, after, np.array(former))
        assert list(table["former"]) == former
        assert table["left"].sum() == (np.array(former)[labels] != before.labels).sum()


def test_all_that_is_known_of_images_goes_on(fitted, digits):
    X, _, first, second, late = digits
    fitted.update(X[np.concatenate([second, late])], refit=False)
    n_samples, n_clusters = len(first) + len(second) + len(late), N_KNOWN + 1
    assert fitted.labels_.shape == fitted.outlier_scores_.shape == (n_samples,)
    assert fitted.probabilities_.shape == (n_samples, n_clusters)
    np.testing.assert_allclose(fitted.probabilities_.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(fitted.embedding_, axis=1), 1, rtol=1e-5)
    # By other images of the same kinds.
    scores = fitted.outlier_scores_
    assert scores[: len(first)].mean() == pytest.approx(scores[len(first) :].mean(), rel=0.5)
    # Of those that came, no partition tells.
    assert np.isfinite(fitted.stability_[: len(first)]).all()
    assert np.isnan(fitted.stability_[len(first) :]).all()
    stability = fitted.cluster_info()["stability"]
    assert stability[:N_KNOWN].mean() > 0.8 and np.isnan(stability[N_KNOWN])
    of_nodes = fitted.tree_.stability_
    assert np.flatnonzero(np.isnan(of_nodes)).tolist() == [N_KNOWN]
    assert fitted.cut(N_KNOWN).n_clusters_ == N_KNOWN


def test_mean_features_are_those_of_all_images(fitted, digits):
    X, _, first, second, _ = digits
    fitted.update(X[second])
    rows = X[np.concatenate([first, second])]
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    means = np.stack([unit[fitted.labels_ == c].mean(axis=0) for c in range(N_KNOWN)])
    np.testing.assert_allclose(fitted._partition.feature_means, means, atol=1e-3)


def test_twice_the_images_are_clustered_anew(digits):
    X, y, first, second, late = digits
    few = DeepImageClusterer(N_KNOWN, random_state=0).fit(X[first[:240]])
    few.set_cluster_names({label: f"of {label}" for label in range(N_KNOWN)})
    n_iter, before = few.n_iter_, few.labels_
    table = few.update(X[np.concatenate([first[240:], late])])
    # With the number that there is, and the class that is new.
    assert few.n_clusters_ == N_KNOWN + 1 and (table["state"] == "new").sum() == 1
    labels, classes = few.labels_, y[np.concatenate([first, late])]
    holding = largest_cluster(labels, classes == N_KNOWN)
    assert table.loc[holding, "state"] == "new"
    assert (labels[classes == N_KNOWN] == holding).mean() > 0.9
    # Most keep their labels, and clusters their names.
    assert (labels[:240] == before).mean() > 0.9
    assert few.cluster_names_[:N_KNOWN] == [f"of {label}" for label in range(N_KNOWN)]
    assert table["left"].sum() == (labels[:240] != before).sum()
    is_old = table["former"] >= 0
    np.testing.assert_array_equal(table["former"][is_old], table.index[is_old])
    np.testing.assert_array_equal(few.predict(X[first]), labels[: len(first)])
    # What the fit tells of itself is of the new one.
    assert len(few.history_["loss"]) == few.n_iter_ == n_iter
    # Of those that founded the new cluster, no partition tells.
    is_told = np.isfinite(few.stability_)
    assert is_told[labels != holding].mean() > 0.99 and is_told[: len(first)].mean() > 0.99
    assert not is_told[classes == N_KNOWN].all()
    assert few.update(X[second])["state"].isin(["grown", "kept"]).all()


def test_a_rare_kind_is_kept_when_all_are_clustered_anew():
    random_state = np.random.RandomState(0)
    # One of the kinds is two that are near: one more cluster among all would tell these apart.
    X, axes = blobs(1200, [0, 1, 2, 3], random_state)
    X[axes == 0, 4] += random_state.choice([-0.3, 0.3], (axes == 0).sum())
    is_rare = axes == 3
    is_rare[np.flatnonzero(is_rare)[30:]] = False
    X = np.concatenate([X[axes < 3], X[is_rare]])
    est = DeepImageClusterer(3, random_state=0).fit(X[:400])
    table = est.update(X[400:])
    assert est._partition.n_clustered is None and est.n_clusters_ == 4
    assert table["state"].tolist().count("new") == 1
    holds = est.labels_ == largest_cluster(est.labels_, slice(-30, None))
    assert holds[-30:].mean() > 0.7 and holds[:-30].mean() < 0.01
    np.testing.assert_array_equal(est.predict(X), est.labels_)


@pytest.mark.parametrize("refit", ["auto", False])
def test_a_kind_that_was_too_rare_before_all_were_clustered(refit, tmp_path):
    random_state = np.random.RandomState(0)
    X, _ = blobs(600, [0, 1, 2], random_state)
    rare, _ = blobs(40, [3], random_state)
    est = DeepImageClusterer(3, random_state=0).fit(X[:200])
    est.update(np.concatenate([X[200:400], rare[:15]]))
    assert est._partition.n_clustered is None and est.n_clusters_ == 3
    est.save(tmp_path / "model")
    est = DeepImageClusterer.load(tmp_path / "model")
    before = est.labels_
    est.update(np.concatenate([X[400:], rare[15:]]), refit=refit)
    if refit is False:
        # That would move images that were clustered.
        np.testing.assert_array_equal(est.labels_[:415], before)
        assert est.n_clusters_ == 3
        return
    is_rare = np.isin(np.arange(640), [*range(400, 415), *range(615, 640)])
    assert ((est.labels_ == 3) == is_rare).mean() > 0.99
    np.testing.assert_array_equal(est.labels_[:400], before[:400])
    # It is known from now on.
    more, _ = blobs(60, [0, 1, 2, 3, 3, 3], random_state)
    est.update(more)
    assert est.n_clusters_ == 4


def test_no_image_moves_if_none_may(digits):
    X, _, first, second, _ = digits
    few = DeepImageClusterer(N_KNOWN, random_state=0).fit(X[first[:240]])
    before = few.labels_
    few.update(X[second], refit=False)
    np.testing.assert_array_equal(few.labels_[:240], before)


def test_images_of_several_updates_found_a_cluster_together(fitted, digits):
    X, y, first, second, late = digits
    # Each time fewer than make a cluster.
    batches = [np.concatenate([second[i : i + 20], late[i : i + 14]]) for i in (0, 20, 40)]
    assert "new" not in set(fitted.update(X[batches[0]], refit=False)["state"])
    assert fitted.n_clusters_ == N_KNOWN
    for batch in batches[1:]:
        table = fitted.update(X[batch], refit=False)
        if "new" in set(table["state"]):
            break
    assert fitted.n_clusters_ == N_KNOWN + 1
    # Those that came before the last have joined it.
    assert table.loc[N_KNOWN, "joined"] > 0
    assert table["joined"].sum() == table["left"].sum()
    rows = np.concatenate([first, *batches])[: len(fitted.labels_)]
    assert (y[rows[fitted.labels_ == N_KNOWN]] == N_KNOWN).mean() > 0.9


def test_the_number_of_clusters_is_estimated_again(digits):
    X, y, first, second, _ = digits
    is_early = y[first] < 3
    est = DeepImageClusterer("auto", max_clusters=8, random_state=0).fit(X[first[is_early]])
    n_before, criterion = est.n_clusters_, est.n_clusters_criterion_
    table = est.update(X[np.concatenate([first[~is_early], second])])
    assert est.n_clusters == "auto" and est.max_clusters == 8
    assert n_before < est.n_clusters_ <= 8
    assert est.n_clusters_criterion_ != criterion
    assert (table["state"] == "new").sum() == est.n_clusters_ - n_before


def test_clusters_that_are_gone_are_told(fitted, digits):
    X, _, _, second, _ = digits
    fitted.merge_clusters([0, 1])
    # Of what was merged, nothing binds the new clusters: here fewer are asked for.
    names = fitted.cluster_names_
    fitted.n_clusters, fitted.max_clusters = "auto", 3
    table = fitted.update(X[second], refit=True)
    assert fitted.n_clusters_ == 3
    gone = table.loc[[-1]]
    assert list(gone["state"]) == ["gone"] and gone["size"].sum() == 0
    assert gone["name"].tolist() == [names[gone["former"].iloc[0]]]
    assert sorted(table["former"]) == [0, 1, 2, 3]


def test_a_name_stays_if_most_images_do(fitted, digits):
    X, _, first, second, _ = digits
    # Names of clusters that are mixed by halves.
    partition = fitted._partition
    mixed = np.where(np.arange(len(first)) % 2, partition.labels, (partition.labels + 1) % N_KNOWN)
    fitted._partition = partition.with_labels(mixed).renamed({1: "one"})
    fitted.update(X[second], refit=True)
    assert set(fitted.cluster_names_) <= {f"cluster {label}" for label in range(N_KNOWN)} | {
        *("zero", "one", "three")
    }
    assert len(set(fitted.cluster_names_)) == N_KNOWN


def test_saved_clusterer_grows_alike(fitted, digits, tmp_path):
    X, _, _, second, late = digits
    fitted.update(X[second[:100]])
    fitted.save(tmp_path / "model")
    loaded = DeepImageClusterer.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.stability_, fitted.stability_)
    new = X[np.concatenate([second[100:], late])]
    table = fitted.update(new)
    assert "new" in set(table["state"])
    assert table.equals(loaded.update(new))
    np.testing.assert_array_equal(loaded.labels_, fitted.labels_)
    np.testing.assert_array_equal(loaded.predict(X), fitted.predict(X))


def test_images_on_disk(photo_folder, tmp_path):
    paths = sorted(photo_folder.iterdir())
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image")
    est = clusterer(2, on_error="skip").fit(paths[:-4])
    with pytest.warns(UserWarning, match="broken"):
        est.update([*paths[-4:], broken])
    assert est.labels_[-1] == -1 and np.isnan(est.outlier_scores_[-1])
    est.save(tmp_path / "model")
    again = DeepImageClusterer.load(tmp_path / "model")
    np.testing.assert_array_equal(again.labels_, est.labels_)
    with pytest.warns(UserWarning, match="broken"):
        np.testing.assert_array_equal(again.predict([*paths, broken])[-1:], [-1])
    listed = est.cluster_info(n_representatives=100)["representatives"].sum()
    assert sorted(listed) == sorted(map(str, paths))


def test_images_none_of_which_can_be_read(photo_folder, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image")
    est = clusterer(2, on_error="skip").fit(sorted(photo_folder.iterdir()))
    before = est.labels_
    with pytest.warns(UserWarning, match="broken"):
        assert np.isnan(est.score_samples([broken])).all()
    with pytest.warns(UserWarning, match="broken"):
        np.testing.assert_array_equal(est.predict([broken], reject=0.1), [-1])
    with pytest.warns(UserWarning, match="broken"):
        table = est.update([broken])
    np.testing.assert_array_equal(est.labels_, [*before, -1])
    assert list(table["state"]) == ["kept", "kept"]


def test_images_that_have_clusters_already(photo_folder):
    paths = sorted(photo_folder.iterdir())
    est = clusterer(2).fit(paths[:-4])
    before = est.labels_
    with pytest.raises(ValueError, match=r"1 of the 5 images have clusters already.*only those"):
        est.update(paths[-5:])
    assert est.labels_ is before


@pytest.mark.parametrize("spelled", ["./{}", "~/{}", "../{folder}/{}", "{absolute}"])
def test_images_that_have_clusters_are_known_in_any_spelling(photo_folder, monkeypatch, spelled):
    monkeypatch.chdir(photo_folder)
    monkeypatch.setenv("HOME", str(photo_folder))
    paths = sorted(path.name for path in photo_folder.iterdir())
    est = clusterer(2).fit(paths[:-4])
    place = {"folder": photo_folder.name, "absolute": str(photo_folder / paths[0])}
    again = spelled.format(paths[0], **place)
    with pytest.raises(ValueError, match="1 of the 2 images have clusters already"):
        est.update([again, paths[-1]])
    new = spelled.format(paths[-1], **{**place, "absolute": str(photo_folder / paths[-1])})
    with pytest.raises(ValueError, match=r"1 of the images are given more than once.*each once"):
        est.update([paths[-1], paths[-2], new])
    assert len(est.labels_) == len(paths) - 4


def test_where_the_images_are_is_not_forgotten(photo_folder, snapshots):
    est = clusterer(2).fit(sorted(photo_folder.iterdir()))
    before = est._partition
    for X in (snapshots[0][:3], list(snapshots[0][:3]), np.ones((3, est.n_features_in_))):
        with pytest.raises(ValueError, match="knows its images by their paths: pass the paths"):
            est.update(X)
    assert est._partition is before


def test_small_copies_stay_where_others_have_none(snapshots, photo_folder):
    est = clusterer(2).fit(snapshots[0])
    kept = est._partition.images.thumbnails
    est.update(np.ones((3, est.n_features_in_), dtype=np.float32), refit=False)
    assert est._partition.images.thumbnails == kept
    # Files are images like others where no image is known by its path.
    est.update(sorted(photo_folder.iterdir())[:3], refit=False)
    record = est._partition.images
    assert record.paths is None and kept.items() <= record.thumbnails.items()
    assert len(est.labels_) == len(snapshots[0]) + 6


def test_images_in_memory_have_small_copies(snapshots):
    images, _ = snapshots
    is_first = np.arange(len(images)) % 4 == 0
    est = clusterer(2).fit(images[is_first])
    est.update(images[~is_first], refit=False)
    kept = np.array(sorted(est._partition.images.thumbnails))
    assert (kept < is_first.sum()).any() and (kept >= is_first.sum()).any()
    assert kept.max() < len(images)


@pytest.mark.parametrize("refit", ["yes", None, 2])
def test_refit_that_is_none(fitted, digits, refit):
    with pytest.raises(ValueError, match="refit must be True, False or 'auto'"):
        fitted.update(digits[0][:5], refit=refit)


def test_clusterer_of_before_cannot_grow():
    old = DeepImageClusterer.load(Path(__file__).parent / "saved_by_0.1.0")
    with pytest.raises(ValueError, match=r"version 0\.1\.0 do not tell: fit again"):
        old.update(np.ones((3, old.n_features_in_), dtype=np.float32))


def test_parameters_of_the_first_images_do_not_bind(digits):
    X, _, first, second, late = digits
    labels = DeepImageClusterer(N_KNOWN, random_state=0).fit_predict(X[first])
    shares = np.full(N_KNOWN, 1 / N_KNOWN)
    est = DeepImageClusterer(N_KNOWN, init=labels, cluster_prior=shares, random_state=0)
    est.fit(X[first])
    for new in (second, late):
        est.update(X[new], refit=True)
    assert len(est.labels_) == len(first) + len(second) + len(late)
    assert est.n_clusters_ == N_KNOWN + 1
    assert est.init is labels and est.cluster_prior is shares


def blobs(n_samples, places, random_state, n_features=30):
    """Unit rows around some of the axes."""
    axes = random_state.choice(places, n_samples)
    rows = np.eye(n_features)[axes] + random_state.normal(scale=0.1, size=(n_samples, n_features))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True), axes


def groups_among(known, new, known_labels=None, new_labels=None):
    """Groups of new images that came after known ones, by default all in one cluster."""
    labels = [
        np.zeros(len(rows), dtype=np.int64) if given is None else given
        for rows, given in ((known, known_labels), (new, new_labels))
    ]
    rows, labels = np.concatenate([known, new]), np.concatenate(labels)
    groups = new_groups(rows, labels, np.arange(len(rows)) >= len(known))
    assert (groups[: len(known)] == -1).all()
    return groups[len(known) :]


@pytest.fixture(params=["all are asked", "few are asked"])
def asked(request, monkeypatch):
    """Whether all known images tell what is usual, or, as where there are many, some of them."""
    if request.param == "few are asked":
        monkeypatch.setattr(_novelty, "_MOST_ASKED", 60)


@pytest.mark.usefixtures("asked")
def test_images_among_none_that_are_known_are_groups():
    random_state = np.random.RandomState(0)
    known, _ = blobs(400, [0, 1, 2], random_state)
    new, axes = blobs(200, [0, 1, 2, 3, 4], random_state)
    groups = groups_among(known, new)
    assert set(groups[axes < 3]) == {-1} and groups.max() == 1
    for axis in (3, 4):
        members = groups[axes == axis]
        assert (members == members.max()).mean() > 0.8 and members.max() >= 0
    # None where all is known, and none of so few.
    assert (groups_among(known, blobs(200, [0, 1, 2], random_state)[0]) == -1).all()
    few, _ = blobs(9, [3], random_state)
    assert (groups_among(known, few) == -1).all()
    assert groups_among(known, known[:0]).shape == (0,)


def test_new_images_may_be_far_more_than_those_that_are_known():
    random_state = np.random.RandomState(0)
    known, _ = blobs(200, [0, 1, 2], random_state)
    new, axes = blobs(4000, [0, 1, 2, 3], random_state)
    groups = groups_among(known, new)
    assert set(axes[groups >= 0]) == {3}
    # Also those with which the known ones are not compared.
    assert (groups[axes == 3] >= 0).mean() > 0.8


@pytest.mark.usefixtures("asked")
def test_a_kind_that_was_rare_is_no_new_one():
    random_state = np.random.RandomState(0)
    known, of_known = blobs(400, [0, 1, *[2] * 38], random_state)
    new, axes = blobs(400, [0, 1, 2], random_state)
    assert np.bincount(of_known)[:2].max() < 20
    assert (groups_among(known, new, of_known, axes) == -1).all()
    # Wherever its images were put, if those that they are near to are there.
    astray = np.where(np.arange(400) % 5 == 0, 2, axes)
    assert (groups_among(known, new, of_known, astray) == -1).all()


def test_groups_among_more_clusters_than_images_that_are_asked(monkeypatch):
    monkeypatch.setattr(_novelty, "_MOST_ASKED", 20)
    random_state = np.random.RandomState(0)
    known, _ = blobs(200, [0, 1, 2], random_state)
    new, axes = blobs(100, [0, 1, 2, 3], random_state)
    groups = groups_among(known, new, np.arange(200) // 2, np.arange(100) % 100)
    assert set(axes[groups >= 0]) == {3}


def test_kinds_that_have_clusters_are_not_found_again():
    random_state = np.random.RandomState(0)
    rows, axes = blobs(900, [0, 1, 2], random_state)
    # One came after the first 300.
    is_late = (axes == 2) & (np.arange(900) < 300)
    rows[is_late], axes[is_late] = rows[0], axes[0]
    given = np.where(axes == 2, 0, axes)
    is_new = are_new(given, 300, 600, 900)
    assert is_new.tolist() == [False] * 300 + [True] * 600
    assert set(axes[new_groups(rows, given, is_new) >= 0]) == {2}
    # Founded since, or found when the first 600 were clustered.
    for n_clustered in (300, 600):
        is_new = are_new(axes, 300, n_clustered, 900)
        assert set(axes[is_new]) == {0, 1} and not is_new[:300].any()
        assert (new_groups(rows, axes, is_new) == -1).all()
        # Of those that come now nothing is known.
        is_new = are_new(axes, 300, n_clustered, 700)
        assert set(axes[is_new & (np.arange(900) < 700)]) == {0, 1} and is_new[700:].all()


def test_copies_of_a_known_image_are_no_group():
    random_state = np.random.RandomState(0)
    known, _ = blobs(100, [0, 1, 2], random_state)
    assert set(groups_among(known, np.repeat(known[:1], 15, axis=0))) == {-1}
    # More of them than there are neighbours to look at.
    assert groups_among(known, np.repeat(known[:1], 60, axis=0)).shape == (60,)


@pytest.mark.parametrize("n_compared", [None, 300])
def test_clusters_that_may_be_one_or_two(fitted_once, digits, n_compared, monkeypatch):
    if n_compared:
        # Of many images a part is compared.
        monkeypatch.setattr(_growth, "_MOST_COMPARED", n_compared)
        monkeypatch.setattr(_growth, "_COMPARED_PER_CLUSTER", 0)
    _, y, first, _, _ = digits
    partition = fitted_once._partition
    classes = y[first]
    assert (candidates(partition.with_labels(classes))[0] == -1).all()
    # Half of a class by chance, and two classes as one.
    is_odd = np.arange(len(first)) % 2 == 1
    parted = np.where((classes == 4) & is_odd, 5, classes)
    partners, _ = candidates(with_clusters(partition, parted))
    assert partners[4] == 5 and partners[5] == 4 and (partners[:4] == -1).all()
    _, may_be_two = candidates(with_clusters(partition, np.where(classes == 4, 3, classes)))
    assert may_be_two[3] and may_be_two.sum() <= 2


def with_clusters(partition, labels):
    n_clusters = labels.max() + 1
    centers = np.eye(n_clusters, partition.centers.shape[1], dtype=np.float32)
    return replace(partition, centers=centers, labels=labels)


@pytest.mark.parametrize("refit", [True, False])
def test_what_is_not_remembered_of_features_does_not_count(refit, monkeypatch, tmp_path):
    monkeypatch.setattr(_reference, "_N_AXES_OF_FEW", 12)
    rng = np.random.RandomState(0)
    X, axes = blobs(300, [0, 1, 2, 3], rng, n_features=200)
    is_new = axes == 3
    X = np.concatenate([X[~is_new], X[is_new]])
    est = DeepImageClusterer(3, random_state=0).fit(X[: (~is_new).sum()])
    table = est.update(X[(~is_new).sum() :], refit=refit)
    assert "new" in set(table["state"])
    labels = est.predict(X)
    # Of images that keep their labels, the head may say otherwise of a few.
    is_same = labels == est.labels_
    assert is_same.all() if refit else is_same.mean() > 0.95
    np.testing.assert_allclose(
        est.predict_proba(X)[is_same], est.probabilities_[is_same], atol=1e-4
    )
    np.testing.assert_allclose(est.transform(X)[is_same], est.embedding_[is_same], atol=1e-4)
    est.save(tmp_path / "model")
    again = DeepImageClusterer.load(tmp_path / "model")
    np.testing.assert_array_equal(again.predict(X), labels)
    assert again.cut(2).n_clusters_ == 2
    again.update(X[:5] + 0.01, refit=False)
    np.testing.assert_array_equal(again.labels_[: len(X)], est.labels_)


def test_axes_reach_kinds_that_few_images_did_not_show():
    rng = np.random.RandomState(0)
    few, many = (rng.normal(size=(n, 400)).astype(np.float32) for n in (30, 300))
    many[3] = np.nan
    reference = Reference.of(few, np.arange(31) != 7)
    more = reference.reaching(many)
    n_axes = more.axes.shape[1]
    assert reference.axes.shape[1] == 30 and n_axes == 256
    np.testing.assert_allclose(more.axes.T @ more.axes, np.eye(n_axes), atol=1e-4)
    np.testing.assert_array_equal(more.rows[:, :30], reference.rows)
    # What is known of the first images is all that there is, and stays.
    assert np.isnan(more.rows[7]).all()
    readable = np.arange(31) != 7
    np.testing.assert_allclose(more.components(few), more.rows[readable], atol=1e-3)
    lengths = np.linalg.norm(more.components(many).astype(float), axis=1)
    assert np.nanmin(lengths) > 0.8 and np.isnan(lengths[3])
    # No axes of rounding, nor more than are wanted.
    assert reference.reaching(few[:5]).axes.shape[1] == 30
    assert more.reaching(many) is more


def test_outlier_scores_of_other_images_are_those_of_a_fit(fitted_once, digits):
    partition = fitted_once._partition
    # Of images that are there, each is the nearest to itself.
    landmarks = partition.landmarks
    rows = partition.known.rows[landmarks[:50]]
    scores = partition.known.outlier_scores(rows, landmarks)
    own = partition.outlier_scores[landmarks[:50]]
    assert np.corrcoef(scores, own)[0, 1] > 0.9 and np.abs(scores - own).max() < 0.05
