"""Corrections that a user makes on the page, in Chromium."""

import copy
import json
import os
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from skdeepcluster.cluster import partition_of
from skdeepcluster.corrections import read_corrections, result_digest, wanted_of
from skdeepcluster.report import _assessment, write_report

from .conftest import colors_of

pytest.importorskip("jinja2", reason="reports need jinja2")
pytest.importorskip("selenium", reason="selenium is not installed")

from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from .test_in_browser import serious


@pytest.fixture
def small(clustering, browser, tmp_path):
    """The page of a dozen images of three colours: 0 to 5 crimson, to 9 orange, to 11 gold."""
    paths, est = clustering
    by_color = np.repeat([0, 1, 2], [6, 4, 2])
    est._partition = replace(partition_of(est), labels=by_color)
    browser.open(write_report(est, paths, tmp_path / "page.html"))
    return browser


def tile(browser, index):
    return browser.find(f"#clusters .tile[data-index='{index}'] button")


def choose(browser, *indices):
    browser.run("select([...selected], false); select(arguments[0], true)", list(indices))


def shortcut(browser, key, *, shift=False):
    chain = ActionChains(browser.driver).key_down(Keys.CONTROL)
    if shift:
        chain = chain.key_down(Keys.SHIFT)
    chain.send_keys(key)
    if shift:
        chain = chain.key_up(Keys.SHIFT)
    chain.key_up(Keys.CONTROL).perform()
    browser.settle()


def present(browser):
    return browser.run("return [...present]")


def titles(browser):
    cards = browser.driver.find_elements(By.CSS_SELECTOR, ".cluster:not([hidden]) h2")
    return [card.text for card in cards]


def edit(browser, label, button=None, name=None):
    browser.find(f"#cluster-{label} .edit").click()
    if name is not None:
        browser.find("#editor-name").clear()
        browser.find("#editor-name").send_keys(name, Keys.ENTER)
    else:
        browser.find(button).click()
    browser.settle()


def drag(browser, start, end):
    ActionChains(browser.driver).click_and_hold(start).move_by_offset(9, 9).move_to_element(
        end
    ).release().perform()
    browser.settle()


def saved(browser):
    return json.loads(browser.download("#save-corrections", "corrections.json"))


def test_rename_undo_and_redo(small):
    name = "red <img src=x onerror=alert(1)>"
    edit(small, 0, name=f"  {name} ")
    assert titles(small) == [name, "Cluster 1", "Cluster 2"]
    assert small.find("#legend a").text.startswith(name)
    assert small.find("#n-corrections").text == "1 correction"
    edit(small, 1, name="orange")
    shortcut(small, "z")
    assert titles(small) == [name, "Cluster 1", "Cluster 2"]
    shortcut(small, "z", shift=True)
    assert titles(small) == [name, "orange", "Cluster 2"]
    assert saved(small)["names"] == {"0": name, "1": "orange"}
    small.find("#undo").click()
    small.find("#undo").click()
    assert titles(small) == ["Cluster 0", "Cluster 1", "Cluster 2"]
    assert not small.find("#save-corrections").is_enabled()
    # A new step takes the place of those that were undone.
    edit(small, 2, name="gold")
    assert not small.find("#redo").is_enabled()
    edit(small, 2, name=" ")
    assert titles(small)[2] == "Cluster 2" and saved(small)["names"] == {"2": None}
    assert small.logged("browser") == []


def test_merge(small):
    edit(small, 2, name="gold")
    edit(small, 2, "#editor-merge")
    offered = [
        each.text.split("\n")[0]
        for each in small.driver.find_elements(By.CSS_SELECTOR, "#chooser-list button")
    ]
    assert offered == ["Cluster 0", "Cluster 1"]
    small.press("1", Keys.ENTER)
    small.settle()
    assert present(small) == [0] * 6 + [1] * 6
    # One without a name gets that of the other.
    assert titles(small) == ["Cluster 0", "gold"]
    assert "6 images" in small.find("#cluster-1 .facts").text
    shown = small.run(
        "return [...document.querySelectorAll('#cluster-1 .tile')].map((t) => +t.dataset.index)"
    )
    assert sorted(shown) == [6, 7, 8, 9, 10, 11]
    file = saved(small)
    assert file["merged"] == [[1, 2]] and file["names"] == {"1": "gold"}
    small.find("#undo").click()
    assert present(small)[10:] == [2, 2]


def test_move_by_key(small):
    choose(small, 0, 1)
    small.press("m")
    # What the clustering takes for the second best is the first in the list.
    second = small.run("return titleOf(data.seconds[0])")
    assert small.find("#chooser-list button").text.split("\n")[0] == second
    small.press("cluster 2", Keys.ENTER)
    small.settle()
    assert present(small)[:2] == [2, 2]
    assert not small.find("#selection").is_displayed()
    moved = small.find("#cluster-2 .moved")
    assert [
        t.get_attribute("data-index") for t in moved.find_elements(By.CSS_SELECTOR, ".tile")
    ] == ["0", "1"]
    # Without a selection, the image in focus is moved, and the next one gets the focus.
    small.run("arguments[0].focus()", tile(small, 2))
    small.press("m", "new", Keys.ENTER)
    small.settle()
    assert present(small)[2] == 3
    assert titles(small)[-1] == "New cluster 3"
    assert small.run("return document.activeElement.closest('.cluster').id") == "cluster-0"
    names = small.run("return [0, 1, 2].map(pathOf)")
    assert saved(small)["moved"] == dict(zip(names, [2, 2, 3], strict=True))


def test_move_by_drag(small):
    drag(small, tile(small, 0), small.find("#legend a[data-label='1']"))
    assert present(small)[0] == 1
    # All that are selected, and it is no click.
    choose(small, 1, 2)
    drag(small, tile(small, 1), small.find("#cluster-1 h2"))
    assert present(small)[:3] == [1, 1, 1]
    assert not small.find("#viewer").is_displayed()
    # A new cluster is offered while something is dragged.
    assert not small.find("#legend .drop").is_displayed()
    ActionChains(small.driver).click_and_hold(tile(small, 6)).move_by_offset(9, 9).perform()
    assert small.find("#legend .drop").is_displayed() and small.find(".ghost").is_displayed()
    ActionChains(small.driver).move_to_element(small.find("#legend .drop")).release().perform()
    small.settle()
    assert present(small)[6] == 3
    # Nowhere in particular, nothing happens; nor does a click become a drag.
    drag(small, tile(small, 7), small.find("h1"))
    assert present(small)[7] == 1
    tile(small, 7).click()
    assert small.find("#viewer").is_displayed()


def test_not_here_and_right_here(small):
    small.run("arguments[0].focus()", tile(small, 3))
    small.press("n")
    small.settle()
    assert present(small)[3] == -2
    assert titles(small)[-1] == "Not assigned"
    small.run("arguments[0].focus()", tile(small, 4))
    small.press("y")
    small.settle()
    path_of = [small.run("return pathOf(arguments[0])", index) for index in (3, 4)]
    file = saved(small)
    assert file["not_in"] == {path_of[0]: [0]} and file["moved"] == {path_of[1]: 0}
    # Moved back there: that is the last word.
    small.run("moveTo(0, [3])")
    file = saved(small)
    assert file["not_in"] == {} and file["moved"][path_of[0]] == 0
    # And again in the dialog.
    tile(small, 3).click()
    small.find("#viewer-rule-out").click()
    assert small.run("return present[3]") == -2
    assert saved_after_closing(small)["moved"] == {path_of[1]: 0}


def saved_after_closing(browser):
    browser.press(Keys.ESCAPE)
    return saved(browser)


def test_belong_together(small):
    choose(small, 0, 6)
    small.press("t")
    small.settle()
    assert tile(small, 0).find_element(By.CSS_SELECTOR, ".badge").is_displayed()
    # One is moved, and so is the other.
    small.run("moveTo(2, [0])")
    assert present(small)[0] == present(small)[6] == 2
    # What cannot be is refused, with a reason.
    small.run("moveTo(1, [1])")
    choose(small, 0, 1)
    small.find("#join").click()
    assert small.find("#message").text.startswith("They cannot belong together: ")
    assert len(saved(small)["together"]) == 1
    choose(small, 3)
    assert not small.find("#join").is_enabled()


def test_split(small):
    edit(small, 0, "#editor-split")
    assert "will be split into 2" in small.find("#cluster-0 .facts").text
    assert saved(small)["split"] == {"0": 2}
    edit(small, 0, "#editor-split")
    assert saved(small)["split"] == {}


def test_corrections_are_kept_for_this_result_alone(small, clustering, tmp_path):
    paths, est = clustering
    page = tmp_path / "page.html"
    small.run("moveTo(1, [0]); ruleOut([1]); join([2, 3])")
    edit(small, 0, name="red")
    small.find("#undo").click()
    small.open(page, keep=True)
    assert present(small)[:2] == [1, -2]
    assert small.find("#n-corrections").text == "3 corrections"
    small.find("#redo").click()
    assert titles(small)[0] == "red"
    # Of the same images, with another name of a cluster: another result.
    other = copy.deepcopy(est).set_cluster_names({2: "other"})
    small.open(write_report(other, paths, tmp_path / "other.html"), keep=True)
    assert present(small) == est.labels_.tolist()
    assert not small.find("#corrections").is_displayed()
    small.open(page, keep=True)
    assert small.find("#n-corrections").text == "4 corrections"


def test_what_is_stored_and_makes_no_sense_is_forgotten(small, tmp_path):
    for nonsense in ("{", '{"steps": [{"kind": "explode"}], "nDone": 1}', "null"):
        small.run("localStorage.setItem(STORED, arguments[0])", nonsense)
        small.driver.refresh()
        small.wait("return performance.getEntriesByName('ready').length")
        assert small.run("return past.steps.length") == 0


def test_the_file_is_read_and_asks_for_what_the_page_shows(clustering, browser, tmp_path):
    paths, est = clustering
    names = ["<script>alert(1).jpg", "a'b\"c.jpg", os.fsdecode(b"latin-\xe9.jpg"), "__proto__", "7"]
    renamed = [path.rename(path.with_name(name)) for path, name in zip(paths, names, strict=False)]
    images = [*renamed, *paths[len(names) :]]
    browser.open(write_report(est, images, tmp_path / "page.html"))
    # The page does not say where images of different clusters will be together.
    merged = np.minimum(est.labels_, 1)
    pair = next([a, b] for a in range(7, 11) for b in range(a + 1, 11) if merged[a] == merged[b])
    browser.run(f"moveTo(1, [0, 2, 3]); moveTo(NEW, [1, 4]); ruleOut([6]); join({pair})")
    browser.run("correct({ kind: 'merge', label: 2, into: 1 })")
    shown = np.array(present(browser))
    content = browser.download("#save-corrections", "corrections.json")
    path = tmp_path / "corrections.json"
    path.write_bytes(content)
    found = read_corrections(path)
    assert found.result == result_digest(partition_of(est))
    assert set(found.moved) == {str(image) for image in images[:5]}
    wanted = wanted_of(est, found, colors_of(images), names=images)
    is_decided = shown >= 0
    # Cluster 2 is gone, and the new one, 3, gets its number.
    expected = np.array([0, 1, -1, 2])[shown[is_decided]]
    np.testing.assert_array_equal(wanted.labels[is_decided], expected)
    assert wanted.labels[6] != 1
    assert browser.logged("browser") == []


def test_images_that_were_assigned_later_are_not_corrected(
    clustering, browser, tmp_path, monkeypatch
):
    paths, est = clustering
    monkeypatch.setattr(est, "embedder_", object())
    monkeypatch.setattr(_assessment, "features_of", lambda _, source: colors_of(source.paths))
    browser.open(write_report(est, paths[:9], tmp_path / "page.html"))
    tile(browser, 0).click()
    for part in ("#viewer-move", "#viewer-rule-out", "#viewer-confirm"):
        assert not browser.find(part).is_displayed()
    browser.press(Keys.ESCAPE)
    choose(browser, 0)
    assert not browser.find("#move").is_displayed() and not browser.find(".edit").is_displayed()
    browser.press("n")
    assert browser.run("return past.steps.length") == 0


def test_the_table_holds_what_is_corrected(small):
    small.run("moveTo(2, [0]); ruleOut([1])")
    edit(small, 2, name="gold")
    lines = small.download("#export").decode().splitlines()
    assert lines[1].endswith(",2,gold,1.0000")
    assert lines[2].endswith(",-1,,")


def test_check_these(opened, shapes, screenshots):
    listed = opened.run("return data.checks")
    opened.find("#view-checks").click()
    opened.settle()
    shown = "return [...document.querySelectorAll('#checks .tile')].map((t) => +t.dataset.index)"
    assert opened.run(shown) == listed[:100]
    assert not opened.find("#clusters").is_displayed()
    opened.driver.save_screenshot(str(screenshots / "checks.png"))
    why = opened.find("#checks .why").text
    label = opened.run("return clusterName(present[data.checks[0]])")
    assert label in why and "probability" in why and "of its neighbours elsewhere" in why
    # What was confirmed is not shown any more, and the next one is in focus.
    opened.find("#checks .tile button").click()
    opened.press(Keys.ESCAPE)
    opened.press("y")
    opened.settle()
    assert opened.run(shown) == listed[1:101]
    focused = opened.run("return +document.activeElement.closest('.tile').dataset.index")
    assert focused == listed[1]
    assert opened.find("#checks-left").text == str(len(listed) - 1)
    # The order is followed here, too.
    Select(opened.find("#sort")).select_by_value("unusual")
    opened.settle()
    scores = shapes[1].outlier_scores_[opened.run(shown)]
    assert np.all(np.diff(scores) < 1e-3)
    opened.find("#view-clusters").click()
    assert opened.find("#clusters").is_displayed() and not opened.find("#checks").is_displayed()


def test_the_order_is_followed_in_the_overview(opened, shapes):
    paths, est = shapes
    largest = int(est.cluster_info()["size"].idxmax())
    Select(opened.find("#sort")).select_by_value("doubtful")
    opened.settle()
    places = {path.name: index for index, path in enumerate(paths)}
    shown = [places[name] for name in opened.shown()]
    certainty = est.probabilities_.max(axis=1)
    assert len(shown) == 24 and np.all(np.diff(certainty[shown]) > -1e-4)
    assert certainty[shown[0]] == certainty[est.labels_ == largest].min()
    Select(opened.find("#sort")).select_by_value("overview")
    opened.settle()
    assert opened.find(".cluster h3").text == "Typical"


def test_at_most_and_bounds_that_occur(opened, shapes):
    certainty = np.rint(shapes[1].probabilities_.max(axis=1) * 1e4)
    bounds = opened.run("return ['min', 'max'].map((name) => +byId('most')[name])")
    assert bounds[0] == np.floor(certainty.min() / 100) / 100
    assert bounds[1] == np.ceil(certainty.max() / 100) / 100
    most = float(opened.run("return byId('most').step = 0.001"))
    most = float(np.quantile(certainty, 0.2).round(-1) / 1e4)
    move = (
        "const slider = byId(arguments[0]); slider.value = arguments[1];"
        "slider.dispatchEvent(new Event('input', { bubbles: true }))"
    )
    opened.run(move, "most", most)
    opened.settle()
    n_shown = int((certainty <= round(most * 1e4)).sum())
    assert opened.find("#count").text == f"{n_shown} of 500"
    # A lower bound above it takes it along.
    opened.run(move, "least", bounds[1])
    opened.settle()
    assert opened.run("return +byId('most').value") == bounds[1]
    opened.press(Keys.ESCAPE)
    opened.settle()
    assert opened.find("#count").text == "500 images"


def test_the_dialog_shows_the_file_itself(browser, clustering, tmp_path, monkeypatch):
    paths, est = clustering
    name = os.fsdecode(b"latin-\xe9 #1%?.jpg")
    first = paths[0].rename(paths[0].with_name(name))
    monkeypatch.chdir(tmp_path)
    relative = [path.relative_to(tmp_path) for path in (first, *paths[1:])]
    browser.open(write_report(est, relative, tmp_path / "page.html"))
    # A thumbnail has 72 pixels a side.
    tile(browser, 0).click()
    browser.wait("return document.querySelector('#viewer-image img').naturalWidth === 96")
    assert browser.find("#viewer-original").get_attribute("href") == first.as_uri()
    # A file that is gone leaves its thumbnail.
    paths[1].unlink()
    browser.press(Keys.ESCAPE)
    tile(browser, 1).click()
    browser.settle()
    assert browser.run("return document.querySelector('#viewer-image img').naturalWidth") == 72


def test_on_a_phone(small, tmp_path, screenshots):
    small.open(tmp_path / "page.html", width=375, height=812)
    assert small.find("#sort").is_displayed()
    choose(small, 0)
    small.driver.save_screenshot(str(screenshots / "phone-selected.png"))
    for part in ("#move", "#rule-out", "#join", "#copy", "#unselect"):
        box = small.run("return arguments[0].getBoundingClientRect()", small.find(part))
        assert 0 <= box["left"] < box["right"] <= 375 and box["bottom"] <= 812, part
    small.find("#move").click()
    small.driver.save_screenshot(str(screenshots / "phone-move.png"))
    small.driver.find_elements(By.CSS_SELECTOR, "#chooser-list button")[-1].click()
    assert present(small)[0] == 3
    assert small.run("return document.documentElement.scrollWidth") == 375
    small.find("#view-checks").click()
    small.settle()
    top = small.run("return byId('checks').getBoundingClientRect().top")
    assert 0 <= top < 100


def test_accessible(small):
    spec = find_spec("axe_core_python")
    if spec is None:
        pytest.skip("axe-core-python is not installed")
    axe = Path(spec.submodule_search_locations[0], "axe.min.js").read_text(encoding="utf-8")
    small.run("moveTo(NEW, [0]); ruleOut([1]); join([2, 3])")
    small.find("#corrections summary").click()
    found = serious(small, axe)
    small.find("#cluster-0 .edit").click()
    found += serious(small, axe)
    small.find("#editor-merge").click()
    found += serious(small, axe)
    small.press(Keys.ESCAPE)
    small.find("#view-checks").click()
    assert found + serious(small, axe) == []
