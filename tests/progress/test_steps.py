"""Which step of how many is shown, and as what."""

import io
import re
import sys

import pytest

from skdeepcluster.progress import (
    counted_steps,
    expect_steps,
    progress_bar,
    step,
    timed_step,
)


def titles(err):
    """What the bars were of, in order, each once."""
    shown = re.findall(r"(?:^|[\r\n])([^\r\n]+?): +(?:\d+%|\d\d:\d\d|\d+ of)", err)
    return list(dict.fromkeys(shown))


def run_steps(names):
    for name in names:
        with timed_step(name, 1):
            pass


def test_steps_are_counted(capsys):
    with counted_steps():
        expect_steps(3)
        run_steps(["a", "b", "c"])
    run_steps(["d"])
    assert titles(capsys.readouterr().err) == [
        *("step 1 of 3: a", "step 2 of 3: b", "step 3 of 3: c", "d")
    ]


def test_steps_within_others_go_on_with_their_count(capsys):
    @counted_steps()
    def inner():
        expect_steps(2)
        run_steps(["a", "b"])

    with counted_steps():
        expect_steps(1)
        inner()
        with step("c"):
            for name in ("c", "part"):
                with progress_bar(name, total=1) as bar:
                    bar.update()
            # All of it is one step here.
            run_steps(["d"])
    # Each time anew.
    inner()
    assert titles(capsys.readouterr().err) == [
        *("step 1 of 3: a", "step 2 of 3: b", "step 3 of 3: c", "step 3 of 3: c, part"),
        *("step 3 of 3: c, d", "step 1 of 2: a", "step 2 of 2: b"),
    ]


def test_steps_within_a_step_are_parts_of_it(capsys):
    @counted_steps()
    def inner():
        expect_steps(2)
        run_steps(["b", "c"])

    with counted_steps():
        expect_steps(2)
        with step("a"):
            inner()
        run_steps(["d"])
    assert titles(capsys.readouterr().err) == [
        *("step 1 of 2: a, b", "step 1 of 2: a, c", "step 2 of 2: d")
    ]


def test_an_error_ends_the_count(capsys):
    with pytest.raises(ValueError, match="here"), counted_steps():
        expect_steps(2)
        with timed_step("a", 1):
            raise ValueError("here")
    run_steps(["b"])
    assert titles(capsys.readouterr().err) == ["step 1 of 2: a", "b"]


def test_what_is_alone_has_no_number(capsys):
    with counted_steps():
        expect_steps(1)
        run_steps(["a"])
    assert titles(capsys.readouterr().err) == ["a"]


def test_nothing_is_shown_unless_it_is_wanted(capsys):
    with timed_step("a", 0), progress_bar("b", total=2, verbose=0) as bar:
        bar.update(2)
    assert capsys.readouterr().err == ""


def test_a_file_gets_lines(monkeypatch):
    file = io.StringIO()
    monkeypatch.setattr(sys, "stderr", file)
    monkeypatch.setattr(sys, "__stderr__", file)
    with progress_bar("reading", total=500, unit="image") as bar:
        for _ in range(500):
            bar.update()
        bar.set_postfix_str("done")
    with timed_step("thinking", 1):
        pass
    begun, *between, ended, thinking = file.getvalue().splitlines()
    assert begun == "reading: 0 of 500 images, 00:00 gone, ? left"
    assert re.fullmatch(r"reading: 500 of 500 images, \d\d:\d\d gone, 00:00 left, done", ended)
    assert thinking == "thinking: 00:00"
    # Each state of a bar that moves would be a line.
    assert len(between) < 3
