"""Clusters are folded into groups by the tree, and unfolded; their stability is shown."""

import copy
from dataclasses import replace

import numpy as np
import pytest
from selenium.webdriver.common.keys import Keys

from skdeepcluster.cluster import partition_of
from skdeepcluster.report import write_report

CARDS = (
    "return [...document.querySelectorAll('#clusters > article:not([hidden])')]"
    ".map((card) => card.dataset.group ?? Number(card.dataset.label))"
)


def show_groups(browser, number):
    browser.run(
        "const range = byId('n-groups'); range.value = arguments[0];"
        "range.dispatchEvent(new Event('input', { bubbles: true }))",
        number,
    )
    browser.settle()


def groups_of(est, number):
    """Sets of clusters that the tree leaves when there are so many."""
    cut = est.tree_.cut(number)
    return {frozenset(np.flatnonzero(cut == group).tolist()) for group in range(number)}


def shown_groups(browser):
    rows = browser.run(
        "return [...document.querySelectorAll('#clusters > article:not([hidden])')].map((card) =>"
        "card.dataset.group === undefined ? [Number(card.dataset.label)] :"
        "[...card.querySelectorAll('.row')].map((row) => Number(row.dataset.label)))"
    )
    return {frozenset(row) for row in rows}


@pytest.mark.parametrize("number", [2, 3, 5, 7])
def test_groups_are_those_of_the_tree(number, opened, shapes, screenshots):
    before = opened.run("return [...present]")
    show_groups(opened, number)
    # Those that are not near the screen are filled when they are.
    opened.run("groupCards.forEach((card) => fillGroup(card))")
    assert shown_groups(opened) == groups_of(shapes[1], number)
    assert opened.find("#n-groups-value").text == str(number)
    colours = opened.run("return [...labels].map((label) => colorOf(label))")
    assert len(set(colours)) == number
    opened.driver.save_screenshot(str(screenshots / f"groups-{number}.png"))
    # The result is as it was, and so is the page when all is unfolded.
    assert opened.run("return [...present]") == before
    assert not opened.find("#corrections").is_displayed()
    show_groups(opened, 8)
    assert opened.run(CARDS) == opened.run("return data.clusters.map((cluster) => cluster.label)")
    assert opened.find("#n-groups-value").text == "all"
    assert opened.logged("browser") == []


def test_a_group_is_unfolded_and_folded(opened, shapes):
    show_groups(opened, 3)
    group, *members = opened.run(
        "const { node, labels } = levels.groups.find(isGroup); return [node, ...labels]"
    )
    folded = opened.run(CARDS)
    opened.find(f"#group-{group} .fold").click()
    opened.settle()
    place = folded.index(str(group))
    assert opened.run(CARDS) == [*folded[: place + 1], *members, *folded[place + 1 :]]
    assert opened.find(f"#group-{group} .fold").text == "Fold"
    opened.find(f"#group-{group} .fold").click()
    opened.settle()
    assert opened.run(CARDS) == folded
    # From the list of clusters one goes to a cluster, wherever it is folded.
    opened.find(f"#legend a[data-label='{members[-1]}']").click()
    opened.settle()
    assert opened.find(f"#cluster-{members[-1]}").is_displayed()


def test_search_and_corrections_in_folded_groups(opened, shapes):
    paths, est = shapes
    show_groups(opened, 3)
    group = opened.run("return levels.groups.find(isGroup).node")
    members = opened.run("return levels.groups.find(isGroup).labels")
    name = paths[int(np.flatnonzero(est.labels_ == members[-1])[0])].name
    opened.search(name)
    assert opened.shown() == [name]
    assert opened.find(f"#group-{group} .facts").text.endswith(
        f"1 of {np.isin(est.labels_, members).sum()} images"
    )
    opened.press(Keys.ESCAPE)
    opened.settle()
    # An image of a group is moved to another cluster by a key, and this is undone.
    opened.find(f"#group-{group} .tile button").click()
    opened.press(Keys.ESCAPE)
    first = opened.run("return +document.activeElement.closest('.tile').dataset.index")
    opened.press("m")
    opened.press("new", Keys.ENTER)
    opened.settle()
    assert opened.run("return present[arguments[0]]", first) == 8
    assert opened.find("#cluster-8").is_displayed()
    assert (
        f"{np.isin(est.labels_, members).sum() - 1} images"
        in opened.find(f"#group-{group} .facts").text
    )
    opened.run("undo()")
    opened.settle()
    assert opened.run("return present[arguments[0]]", first) == est.labels_[first]


def test_two_clusters_have_no_levels(browser, tmp_path):
    from .conftest import cluster, write_shapes

    (tmp_path / "two").mkdir()
    paths, labels = write_shapes(tmp_path / "two", [6, 4])
    browser.open(write_report(cluster(paths, labels), paths, tmp_path / "page.html"))
    assert browser.run("return byId('n-groups')") is None


def test_stability_is_shown_where_it_is_known(browser, opened, shapes, tmp_path):
    facts = "return document.querySelector('.cluster .facts').textContent"
    assert "stability" not in opened.run(facts)
    assert "Stability" not in opened.run("return document.querySelector('.terms').textContent")
    paths, est = shapes
    est, partition = copy.copy(est), partition_of(est)
    # One of four partitions puts the first forty images elsewhere.
    other = partition.labels.copy()
    other[:40] = (other[:40] + 1) % 8
    partitions = np.stack([*[partition.labels] * 3, other]).astype(np.int16)
    est._partition = replace(partition, partitions=partitions)
    browser.open(write_report(est, paths, tmp_path / "page.html"))
    label = int(est.labels_[0])
    info = est.cluster_info()
    assert info["stability"][label] < 1
    shown = browser.run("return factsOf(arguments[0])", label)
    assert f"stability {info['stability'][label]:.2f}" in shown
    browser.run("openViewer(0, [0])")
    assert "Stability\n0.75" in browser.find("#viewer-facts").text
    browser.press(Keys.ESCAPE)
    browser.find(".terms summary").click()
    assert "another run may divide the images otherwise" in browser.find(".terms").text
    show_groups(browser, 2)
    node = browser.run("return levels.groups.find(isGroup).node")
    expected = f"stability as one {est.tree_.stability_[node]:.2f}"
    assert expected in browser.find(f"#group-{node} .facts").text
