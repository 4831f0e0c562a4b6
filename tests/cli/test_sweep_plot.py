"""`conv2d sweep --plot` as it is typed."""

from __future__ import annotations

import json
import shlex
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest
from forked import conv2d

if TYPE_CHECKING:
    from pathlib import Path

GRID = ("sweep", "3", "16,32", "1..7..2", "-i", "32,64")
PLOT = ("--plot", "x=macs,y=receptive_field_height,color=kernel_size")


def test_a_plot_shows_what_the_rows_say() -> None:
    rows = [json.loads(line) for line in conv2d(*GRID, "--format", "ndjson").out.splitlines()]
    plot = json.loads(conv2d(*GRID, *PLOT, "--json").out)
    places = {(row["macs"], row["receptive_field"][0], tuple(row["kernel_size"])) for row in rows}
    assert {(point["x"], point["y"], tuple(point["color"])) for point in plot["points"]} == places
    assert (plot["combinations"], plot["left_out"]) == (len(rows), 0)
    front = conv2d(*GRID, "--pareto", "macs,-receptive_field_height", "--get", "macs").out.split()
    assert sorted(map(int, front)) == [point["x"] for point in plot["points"] if point["on_front"]]


@pytest.mark.parametrize("columns", ["40", "80", "120"])
def test_the_chart_is_as_wide_as_the_terminal(columns: str) -> None:
    done = conv2d(*GRID, *PLOT, "--format", "table", COLUMNS=columns)
    assert (done.code, done.err) == (0, "")
    assert max(map(len, done.out.partition("Pareto front\n")[0].splitlines())) <= int(columns)
    assert "k 3×3" not in done.out  # noqa: RUF001 - the sign itself
    assert done.out.startswith("receptive_field_height")


def test_rows_that_are_chosen_are_those_that_are_drawn() -> None:
    done = conv2d(*GRID, *PLOT, "--where", "kernel_height > 1", "--get", "combinations")
    assert done.out == "12\n"
    none = conv2d(*GRID, *PLOT, "--where", "macs < 0")
    assert (none.code, none.out) == (1, "")
    assert "none of 16" in none.err


@pytest.mark.parametrize(
    "words",
    [
        "--plot x=mac,y=parameters",
        "--plot x=macs,y=receptive_field",
        "--plot macs",
        "--plot",
        "--plot x=macs,y=parameters --force",
        "-o plot.svg",
        "--plot x=macs,y=parameters --get fronts",
    ],
)
def test_a_hint_works_as_it_is_printed(words: str, tmp_path: Path) -> None:
    done = conv2d(*GRID, *words.split(), folder=tmp_path)
    assert done.code == 2
    hint = done.err.splitlines()[1].removeprefix("hint: ").strip().removeprefix("did you mean ").removesuffix("?")
    hint = hint.partition(", or ")[0].partition(" or ")[0]
    if "plot.svg" in hint and find_spec("matplotlib") is None:
        pytest.skip("the extra `plot` is not installed")
    added = () if "--plot" in hint else PLOT
    assert conv2d(*GRID, *added, *shlex.split(hint), folder=tmp_path).code == 0


def test_without_a_size_what_needs_one_is_refused_at_once() -> None:
    done = conv2d(*GRID[:4], "--plot", "x=macs,y=parameters")
    assert (done.code, done.out) == (2, "")
    assert "-i is missing" in done.err
    assert conv2d(*GRID[:4], "--plot", "x=parameters,y=receptive_field_width", "--get", "front").out == "4\n"
    listed = [line.split()[0] for line in conv2d("sweep", *PLOT, "--get", "help").out.splitlines()]
    assert listed[0] == "x"
    assert listed[-1] == "front"
