"""The page as a user has it, in Chromium.

Screenshots are written to the folder that ``SKDEEPCLUSTER_SCREENSHOTS`` names, or to the
temporary folder of the test.
"""

import csv
import os
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from skdeepcluster.cluster import partition_of
from skdeepcluster.duplicates import Duplicates
from skdeepcluster.report import write_report

pytest.importorskip("jinja2", reason="reports need jinja2")
pytest.importorskip("selenium", reason="selenium is not installed")

from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.common.by import By


def test_opens_without_an_error_or_a_request(opened, shapes, page, screenshots):
    est = shapes[1]
    assert opened.find("h1").text == "Shapes & colours"
    cards = opened.driver.find_elements(By.CSS_SELECTOR, ".cluster h2")
    info = est.cluster_info().sort_values("size", ascending=False, kind="stable")
    named = [name.replace("cluster ", "Cluster ") for name in info["name"]]
    assert [card.text for card in cards] == named
    assert "red & <b>round</b>" in named
    images = opened.driver.find_elements(By.CSS_SELECTOR, ".cluster:first-of-type img")
    assert len(images) == 20
    assert all(opened.run("return arguments[0].naturalWidth", image) == 72 for image in images)
    opened.driver.save_screenshot(str(screenshots / "desktop-light.png"))
    assert opened.logged("browser") == []
    asked = [event["request"]["url"] for event in opened.events("Network.requestWillBeSent")]
    assert {url for url in asked if not url.startswith("data:")} == {page.as_uri()}
    assert (
        opened.run(
            "return performance.getEntriesByType('resource').map((e) => e.name)"
            ".filter((name) => !name.startsWith('data:'))"
        )
        == []
    )


def test_names_that_are_code_are_shown(browser, clustering, tmp_path):
    paths, est = clustering
    names = ["<img src=x onerror=alert(1)>.jpg", "a'b\"c&amp;.jpg", os.fsdecode(b"latin-\xe9.jpg")]
    renamed = [path.rename(path.with_name(name)) for path, name in zip(paths, names, strict=False)]
    page = write_report(est, [*renamed, *paths[3:]], tmp_path / "page.html", title="<i>t</i>")
    browser.open(page)
    assert browser.find("h1").text == "<i>t</i>"
    browser.search("latin")
    assert browser.shown() == ["latin-\N{REPLACEMENT CHARACTER}.jpg"]
    browser.search("onerror")
    browser.find(".cluster:not([hidden]) .tile button").click()
    assert browser.find("#viewer-name").text == names[0]
    assert browser.logged("browser") == []
    browser.press(Keys.ESCAPE)
    browser.press(Keys.ESCAPE)
    # The byte that is no UTF-8 is in the table as it is in the file's name.
    assert b"latin-\xe9.jpg" in browser.download("#export")


def test_search_and_filter(opened, shapes):
    paths, est = shapes
    opened.press("/")
    opened.press("GOLD-1")
    opened.settle()
    found = [path.name for path in paths if "gold-1" in path.name]
    assert opened.find("#count").text == f"{len(found)} of 500"
    cards = opened.driver.find_elements(By.CSS_SELECTOR, ".cluster:not([hidden])")
    labels = {int(card.get_attribute("data-label")) for card in cards}
    assert labels == set(est.labels_[indices(found, paths)])
    assert set(opened.shown()) <= set(found)
    opened.press(Keys.ESCAPE)
    assert opened.find("#count").text == "500 images"
    opened.find("#query").send_keys("no such name")
    opened.settle()
    assert opened.find("#nothing").is_displayed()
    opened.find("#reset").click()

    least = float(np.quantile(est.probabilities_.max(axis=1), 0.5).round(2))
    opened.run(
        "const slider = byId('least'); slider.value = arguments[0];"
        "slider.dispatchEvent(new Event('input', { bubbles: true }))",
        least,
    )
    opened.settle()
    certain = int((np.rint(est.probabilities_.max(axis=1) * 1e4) >= round(least * 1e4)).sum())
    assert opened.find("#count").text == f"{certain} of 500"
    assert opened.find("#least-value").text == f"{least:.2f}"


def test_search_finds_accents_however_they_are_composed(browser, clustering, tmp_path):
    paths, est = clustering
    names = ["cafe\u0301.jpg", "caf\u00e9-2.jpg"]
    renamed = [path.rename(path.with_name(name)) for path, name in zip(paths, names, strict=False)]
    browser.open(write_report(est, [*renamed, *paths[2:]], tmp_path / "page.html"))
    for query in ("CAFE\u0301", "caf\u00e9"):
        browser.search(query)
        assert browser.find("#count").text == "2 of 12"


def test_second_choice_among_clusters_without_an_image(browser, clustering, tmp_path):
    paths, est = clustering
    est.set_cluster_names({0: "the first"})
    # As of a folder of others, which are all in one cluster.
    est._partition = replace(
        partition_of(est),
        labels=np.ones(12, dtype=np.int64),
        reference=None,
        probabilities=np.full((12, 3), [0.4, 0.5, 0.1], dtype=np.float32),
    )
    browser.open(write_report(est, paths, tmp_path / "page.html"))
    assert browser.run("return data.clusters.length") == 1
    tile = browser.find(".boundary .tile")
    dot = tile.find_element(By.CSS_SELECTOR, ".dot")
    color = "return getComputedStyle(arguments[0]).backgroundColor"
    own = browser.find(".cluster h2 .dot")
    assert browser.run(color, dot).startswith("oklch")
    assert browser.run(color, dot) != browser.run(color, own)
    button = tile.find_element(By.CSS_SELECTOR, "button")
    assert button.get_attribute("title").endswith("; second choice the first")
    button.click()
    facts = "return [...byId('viewer-facts').children].map((part) => part.textContent)"
    assert browser.run(facts)[4:6] == ["Second choice", "the first"]
    assert browser.logged("browser") == []


def test_orders_of_the_lists(opened, shapes):
    paths, est = shapes
    largest = int(est.cluster_info()["size"].idxmax())
    members = np.flatnonzero(est.labels_ == largest)
    opened.find(".cluster .toggle").click()
    certainty = [est.probabilities_[index].max() for index in indices(opened.shown(), paths)]
    assert len(certainty) == min(100, len(members))
    assert np.all(np.diff(certainty) < 1e-4)
    opened.find("#sort").send_keys("most unusual")
    opened.settle()
    scores = est.outlier_scores_[indices(opened.shown(), paths)]
    assert np.all(np.diff(scores) < 1e-3) and scores[0] == est.outlier_scores_[members].max()
    if len(members) > 100:
        opened.find(".more").click()
        assert len(opened.shown()) == min(200, len(members))


def indices(names, paths):
    places = {path.name: index for index, path in enumerate(paths)}
    return [places[name] for name in names]


def test_map(opened, shapes, screenshots):
    paths, est = shapes
    last = opened.run("return data.clusters.at(-1)")
    index = last["typical"][0]
    ActionChains(opened.driver).move_to_element_with_offset(
        opened.find("canvas"), *opened.dot_of(index)
    ).perform()
    opened.wait("return !document.querySelector('.tip').hidden")
    pointed = opened.run("return map.current")
    assert est.labels_[pointed] == last["label"]
    assert paths[pointed].name in opened.find(".tip").text
    assert opened.find(".tip img").is_displayed()
    opened.driver.save_screenshot(str(screenshots / "map.png"))
    ActionChains(opened.driver).click().perform()
    heading = opened.driver.switch_to.active_element
    assert heading.get_attribute("id") == f"cluster-{last['label']}-name"
    assert opened.run("return arguments[0].getBoundingClientRect().top < innerHeight", heading)


def test_map_by_keys(opened):
    opened.run("document.querySelector('canvas').focus()")
    opened.press(Keys.ARROW_RIGHT)
    first = opened.run("return map.current")
    x = opened.run("return data.x")
    opened.press(Keys.ARROW_RIGHT)
    second, sign = opened.run("return map.current"), 1
    if second == first:
        # It has no other to its right, and so there is one to its left.
        opened.press(Keys.ARROW_LEFT)
        second, sign = opened.run("return map.current"), -1
    assert sign * x[second] > sign * x[first]
    assert opened.find("#announcement").get_attribute("textContent")
    opened.press(Keys.ENTER)
    label = opened.run("return data.labels[arguments[0]]", second)
    assert opened.driver.switch_to.active_element.get_attribute("id") == f"cluster-{label}-name"


def test_selection_and_copy(opened, shapes, screenshots):
    paths, _ = shapes
    copied = "window.copied = []; navigator.clipboard.writeText = async (t) => copied.push(t)"
    opened.run(copied)
    names = opened.shown()
    for box in opened.driver.find_elements(By.CSS_SELECTOR, ".tile input")[:4:3]:
        box.click()
    # With Shift, those between as well.
    ActionChains(opened.driver).key_down(Keys.SHIFT).click(
        opened.driver.find_elements(By.CSS_SELECTOR, ".tile input")[5]
    ).key_up(Keys.SHIFT).perform()
    assert opened.find("#selected").text == "4 selected"
    opened.driver.save_screenshot(str(screenshots / "selection.png"))
    opened.find("#copy").click()
    chosen = [paths[index] for index in sorted(indices([names[0], *names[3:6]], paths))]
    assert opened.run("return copied") == ["\n".join(map(str, chosen))]
    table = read_table(opened.download("#export-selected"))
    assert [row["path"] for row in table] == [str(path) for path in chosen]
    opened.press(Keys.ESCAPE)
    assert not opened.find("#selection").is_displayed()
    # Without a clipboard the text is copied by hand, and can be pasted.
    opened.run("navigator.clipboard.writeText = async () => { throw new Error() }")
    opened.find(".select-all").click()
    assert opened.find("#selected").text == f"{opened.run('return data.clusters[0].size')} selected"
    opened.find(".select-all").click()
    opened.find(".tile input").click()
    opened.find("#copy").click()
    opened.find("#query").click()
    ActionChains(opened.driver).key_down(Keys.CONTROL).send_keys("v").key_up(Keys.CONTROL).perform()
    path = next(path for path in paths if path.name == names[0])
    assert opened.find("#query").get_attribute("value") == str(path)


def test_viewer_by_keys(opened):
    opened.run("document.querySelector('.tile button').focus()")
    names = opened.shown()
    opened.press(Keys.ARROW_RIGHT, " ")
    assert opened.find("#selected").text == "1 selected"
    opened.press(Keys.ENTER)
    assert opened.find("#viewer-name").text == names[1]
    assert opened.find("#viewer-select").get_attribute("aria-pressed") == "true"
    opened.press(Keys.ARROW_RIGHT)
    assert opened.find("#viewer-name").text == names[2]
    assert opened.find("#viewer-image img").is_displayed()
    opened.press(Keys.ESCAPE)
    assert not opened.find("#viewer").is_displayed()
    assert opened.find("#selected").text == "1 selected"


def test_everything_is_reached_by_tab(opened):
    """The stops of the first screen, in the order in which they are seen."""
    opened.run("document.body.focus()")
    seen = []
    for _ in range(30):
        opened.press(Keys.TAB)
        seen.append(
            opened.run(
                "const e = document.activeElement;"
                "return e.id || e.className || e.closest('[class]').className"
            )
        )
    assert seen[:4] == ["skip", "export", "theme", "view-clusters"]
    assert seen[4:10] == ["view-checks", "query", "least", "most", "sort", "n-groups"]
    # The map and the legend lie between.
    assert seen[19:26] == ["toggle", "select-all", "edit", "tile", "tile", "tile", "toggle"]
    outline = "return getComputedStyle(document.activeElement).outlineStyle"
    assert opened.run(outline) == "solid"


def read_table(content):
    return list(csv.DictReader(content.decode("utf-8").splitlines()))


def test_export(opened, shapes):
    paths, est = shapes
    content = opened.download("#export")
    table = read_table(content)
    assert content.count(b"\r\n") == 501
    assert [row["path"] for row in table] == [str(path) for path in paths]
    assert [int(row["label"]) for row in table] == est.labels_.tolist()
    names = est.cluster_names_
    assert [row["name"] for row in table] == [names[label] for label in est.labels_]
    probabilities = est.probabilities_.max(axis=1)
    written = [float(row["probability"]) for row in table]
    np.testing.assert_allclose(written, probabilities, atol=6e-5)
    opened.search("teal-40")
    found = read_table(opened.download("#export"))
    assert [row["path"] for row in found] == [str(p) for p in paths if "teal-40" in p.name]


def test_tables_are_quoted_and_hold_the_unread(browser, clustering, tmp_path):
    paths, est = clustering
    renamed = [
        path.rename(path.with_name(name))
        for path, name in zip(paths, ['=1+1,"x".jpg', "two\nlines.jpg"], strict=False)
    ]
    est.labels_[5] = -1
    est.probabilities_[5] = est.embedding_[5] = est.outlier_scores_[5] = np.nan
    est.set_cluster_names({0: 'a, "b"'})
    browser.open(write_report(est, [*renamed, *paths[2:]], tmp_path / "page.html"))
    assert browser.find("#unread h2").text == "Could not be read"
    assert browser.find("#unread .name").text == paths[5].name
    content = browser.download("#export").decode()
    table = list(csv.reader(content.splitlines(keepends=True)))
    assert [row[0] for row in table[1:]] == [str(path) for path in [*renamed, *paths[2:]]]
    assert table[6][1:] == ["-1", "", ""]
    assert table[1][2] == est.cluster_names_[est.labels_[0]]


@pytest.mark.parametrize(
    "begin", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
)
def test_no_cell_is_a_formula(browser, clustering, tmp_path, monkeypatch, begin):
    paths, est = clustering
    monkeypatch.chdir(paths[0].parent)
    name = f"{begin}1+1.jpg"
    paths[0].rename(name)
    est.set_cluster_names({label: f"{begin}2" for label in range(est.n_clusters_)})
    browser.open(write_report(est, [name, *(p.name for p in paths[1:])], tmp_path / "page.html"))
    table = list(csv.reader(browser.download("#export").decode().splitlines(keepends=True)))
    assert [row[0] for row in table[1:]] == [f"./{name}", *(path.name for path in paths[1:])]
    assert {row[2] for row in table[1:]} == {f"'{begin}2"}


def test_apostrophes_of_a_name_are_told_from_those_of_a_table(browser, clustering, tmp_path):
    paths, est = clustering
    est.set_cluster_names({0: "'=2", 1: "it's"})
    browser.open(write_report(est, paths, tmp_path / "page.html"))
    table = read_table(browser.download("#export"))
    names = {int(row["label"]): row["name"] for row in table}
    assert (names[0], names[1]) == ("''=2", "it's")


def test_dark_follows_the_system_and_the_switch(browser, page, screenshots):
    light, dark = "rgb(250, 249, 247)", "rgb(23, 23, 22)"
    background = "return getComputedStyle(document.documentElement).backgroundColor"
    browser.open(page, dark=True)
    assert browser.run(background) == dark
    assert browser.find("#theme").get_attribute("aria-pressed") == "true"
    browser.driver.save_screenshot(str(screenshots / "desktop-dark.png"))
    browser.find("#theme").click()
    assert browser.run(background) == light
    browser.driver.refresh()
    assert browser.run(background) == light
    browser.find("#theme").click()
    assert browser.run(background) == dark


def test_phone(browser, page, screenshots):
    browser.open(page, width=375, height=812)
    widths = "return [document.documentElement.scrollWidth, innerWidth]"
    assert browser.run(widths) == [375, 375]
    browser.driver.save_screenshot(str(screenshots / "phone.png"))
    browser.run("goToCluster(data.clusters[0].label)")
    browser.driver.save_screenshot(str(screenshots / "phone-cluster.png"))
    browser.find(".cluster .toggle").click()
    browser.find(".tile input").click()
    assert browser.run(widths) == [375, 375]
    browser.find(".tile button").click()
    browser.driver.save_screenshot(str(screenshots / "phone-viewer.png"))
    for part in ("#viewer", "#viewer-image img", "#viewer-close"):
        box = browser.run("return arguments[0].getBoundingClientRect()", browser.find(part))
        assert 0 <= box["left"] < box["right"] <= 375, part
        assert 0 <= box["top"] < box["bottom"] <= 812, part


def test_images_beside_the_page_are_shown(browser, clustering, tmp_path):
    paths, est = clustering
    page = write_report(est, paths, tmp_path / "a page.html", all_pictures=True)
    # What is embedded is left out here, so that all come from the folder.
    browser.open(page)
    assert browser.logged("browser") == []
    browser.run("for (const index in thumbnails) delete thumbnails[index]; refresh()")
    browser.find(".toggle").click()
    browser.wait(
        "return [...document.querySelectorAll('.tile img')].every((i) => i.naturalWidth === 72)"
    )
    source = browser.find(".tile img").get_attribute("src")
    assert source.startswith((tmp_path / "a page_pictures").as_uri())
    assert browser.logged("browser") == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_accessible(browser, page, dark):
    spec = find_spec("axe_core_python")
    if spec is None:
        pytest.skip("axe-core-python is not installed")
    axe = Path(spec.submodule_search_locations[0], "axe.min.js").read_text(encoding="utf-8")
    browser.open(page, dark=dark)
    browser.find(".tile input").click()
    found = serious(browser, axe)
    browser.find(".tile button").click()
    assert found + serious(browser, axe) == []


def serious(browser, axe):
    """Findings of axe-core that are serious or critical, as text."""
    browser.run(axe)
    results = browser.driver.execute_async_script(
        "const done = arguments[0]; axe.run().then(done, (error) => done(String(error)))"
    )
    return [
        f"{finding['id']}: {[node['html'] for node in finding['nodes']]}"
        for finding in results["violations"]
        if finding["impact"] in ("serious", "critical")
    ]


def test_flaws_are_reasons_to_check_and_facts(browser, shapes, tmp_path):
    paths, est = shapes
    flaws = np.full(len(paths), "", dtype="<U15")
    flaws[20] = "dark, small"
    browser.open(write_report(est, paths, tmp_path / "page.html", flaws=flaws))
    browser.find("#view-checks").click()
    browser.settle()
    tile = browser.find("#checks .tile[data-index='20']")
    assert "dark, small" in tile.find_element(By.CSS_SELECTOR, ".why").text
    tile.find_element(By.CSS_SELECTOR, "button").click()
    assert "Quality\ndark, small" in browser.find("#viewer-facts").text
    browser.press(Keys.ARROW_RIGHT)
    assert "Quality" not in browser.find("#viewer-facts").text


def test_copies_are_marked_and_can_be_shown_alone(browser, shapes, tmp_path, screenshots):
    paths, est = shapes
    groups, is_kept = np.arange(len(paths)), np.ones(len(paths), dtype=bool)
    # Two of the largest cluster, of which the second is worth keeping, and one of another.
    largest = np.bincount(est.labels_).argmax()
    first, kept = np.flatnonzero(est.labels_ == largest)[[0, 3]]
    other = np.flatnonzero(est.labels_ != largest)[-1]
    groups[[first, kept, other]], is_kept[[first, other]] = kept, False
    page = write_report(est, paths, tmp_path / "page.html", duplicates=Duplicates(groups, is_kept))
    browser.open(page)
    browser.find("#only-copies").click()
    browser.settle()
    assert browser.find("#count").text == "3 of 500"
    assert browser.shown() == [paths[kept].name, paths[first].name]
    assert [mark.text for mark in browser.driver.find_elements(By.CSS_SELECTOR, ".copies")] == [
        "\N{MULTIPLICATION SIGN}3"
    ] * 3
    browser.driver.save_screenshot(str(screenshots / "copies.png"))
    browser.find(".tile button").click()
    facts = browser.find("#viewer-facts").text
    assert f"worth keeping of 3; copies: {paths[first].name}, {paths[other].name}" in facts
    browser.press(Keys.ARROW_RIGHT)
    assert f"copy of {paths[kept].name}" in browser.find("#viewer-facts").text
    browser.press(Keys.ESCAPE)
    browser.press(Keys.ESCAPE)
    browser.settle()
    assert browser.find("#count").text == "500 images"
    assert not browser.find("#only-copies").is_selected()
    # Copies that are not the ones to keep are to be checked, and it is said of what they are.
    browser.find("#view-checks").click()
    browser.settle()
    why = {
        int(tile.get_attribute("data-index")): tile.find_element(By.CSS_SELECTOR, ".why").text
        for tile in browser.driver.find_elements(By.CSS_SELECTOR, "#checks .tile")
    }
    assert f"copy of {paths[kept].name}" in why[first] and "which is in" not in why[first]
    home = browser.run("return clusterName(data.labels[arguments[0]])", int(kept))
    assert f"copy of {paths[kept].name}, which is in {home}" in why[other]
    assert not any("copy of" in text for index, text in why.items() if index not in (first, other))
    assert browser.logged("browser") == []
    with pytest.raises(ValueError, match="of 500 images, and there are 499"):
        write_report(est, paths[:-1], tmp_path / "p.html", duplicates=Duplicates(groups, is_kept))
