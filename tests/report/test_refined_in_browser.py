"""From end to end: a page is corrected in Chromium, the command learns, a new page is opened."""

import csv

import numpy as np
import pytest
from PIL import Image

from skdeepcluster.cli import main

pytest.importorskip("jinja2", reason="reports need jinja2")
pytest.importorskip("selenium", reason="selenium is not installed")

from selenium.webdriver import Keys

from .test_correcting_in_browser import choose, drag, edit, present, tile, titles


def labels_of(folder):
    with open(folder / "labels.csv", newline="", encoding="utf-8") as file:
        return np.array([int(row["label"]) for row in csv.DictReader(file)])


def test_correct_refine_and_open_again(snapshots, browser, tmp_path):
    photos, result, new = (tmp_path / name for name in ("photos", "result", "new"))
    for number, (image, scene) in enumerate(zip(*snapshots, strict=True)):
        path = photos / f"<b>{scene}" / f"{number:02}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    command = ["cluster", photos, "--n-clusters", 4, "--image-size", 64, "--views", 0, "--report"]
    assert main([*map(str, command), "--output", str(result)]) == 0
    before = labels_of(result)

    browser.open(result / "report.html")
    np.testing.assert_array_equal(present(browser), before)
    of = [np.flatnonzero(before == label).tolist() for label in range(4)]
    # Seen in the overview, so that it can be dragged.
    dragged = browser.run("return data.clusters[0].typical[0]")
    home, target = before[dragged], (before[dragged] + 1) % 4
    drag(browser, tile(browser, dragged), browser.find(f"#legend a[data-label='{target}']"))
    apart = next(index for index in of[home] if index != dragged)
    choose(browser, apart)
    browser.press("n")
    pair = [of[(home + 2) % 4][0], of[(home + 3) % 4][0]]
    choose(browser, *pair)
    browser.press("t")
    edit(browser, int(target), name="<i>renamed</i>")
    names = titles(browser)[:4]
    content = browser.download("#save-corrections", "corrections.json")
    (tmp_path / "corrections.json").write_bytes(content)

    command = ["refine", result, tmp_path / "corrections.json", "--output", new]
    assert main([*map(str, command)]) == 0
    after = labels_of(new)
    assert after[dragged] == target and after[apart] != home
    assert after[pair[0]] == after[pair[1]]

    browser.open(new / "report.html", keep=True)
    np.testing.assert_array_equal(present(browser), after)
    assert set(titles(browser)) == set(names)
    assert browser.find(f"#cluster-{target} h2").text == "<i>renamed</i>"
    # Nothing of the corrections is left to be done, and those of the former page are still there.
    assert not browser.find("#corrections").is_displayed()
    browser.find(f"#cluster-{target} .edit").click()
    browser.press(Keys.ESCAPE)
    assert browser.logged("browser") == []
    browser.open(result / "report.html", keep=True)
    assert browser.find("#n-corrections").text == "4 corrections"
