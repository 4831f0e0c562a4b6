"""The screens of `solve`: numbers that stream, and several layers, at every width."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from conv2d_cli import Conv2d, SolutionRow, analyze, solve
from conv2d_cli.render.formats import render_rows
from conv2d_cli.render.screen import Screen
from conv2d_cli.render.streams import of_numbers, row_stream

if TYPE_CHECKING:
    from collections.abc import Callable

    Snapshot = Callable[[str, str], None]

WIDTHS = (120, 80, 40, 20)
COLUMNS = of_numbers(
    {"input_size": 1, "kernel_size": 0, "stride": 0, "padding": 0, "dilation": 0, "output_size": 1, "unused": 2}
)


def rows() -> list[dict[str, Any]]:
    found = [row._asdict() for row in solve(input_size=224, output_size=112, kernel_size=(3, 15))]
    return [*found, SolutionRow(10**12, 3, 10**6, 0, 1, 10**6, 999_997)._asdict()]


def streamed(name: str, screen: Screen) -> str:
    stream = row_stream(name, screen, COLUMNS)
    return "".join([*map(stream.add, rows()), stream.end()])


@pytest.mark.parametrize("width", WIDTHS)
def test_numbers_of_one_axis(width: int, snapshot: Snapshot) -> None:
    snapshot(f"solve_{width}", streamed("table", Screen(width)))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("size", [None, 224])
def test_several_layers(width: int, size: int | None, snapshot: Snapshot) -> None:
    reports = [analyze(Conv2d(64, 96, 3, groups=groups), size) for groups in (1, 2, 32)]
    snapshot(f"rows_shapes{'' if size else '_no_size'}_{width}", render_rows("table", reports, Screen(width)))


@pytest.mark.parametrize("width", [*range(20, 201, 9), None])
def test_any_width_keeps_every_digit(width: int | None) -> None:
    text = streamed("table", Screen(width))
    words = text.split()
    # What is left out where it is narrow goes as a column.
    for key in ("kernel_size", "stride", "padding", "dilation"):
        assert key in words
        assert all(f"{row[key]:,}" in words for row in rows())
    longest = max(map(len, words))
    assert [line for line in text.splitlines() if len(line) > max(width or 10_000, longest + 13)] == []


def test_records_after_those_held_back_are_shown_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conv2d_cli.render.stream_table._HELD_BACK", 3)
    stream = row_stream("table", Screen(30), COLUMNS)
    texts = [*map(stream.add, rows()), stream.end()]
    assert [text.count("kernel_size") for text in texts] == [0, 0, 3, 1, 1, 1, 0]
    assert texts[-2].splitlines()[0] == f"input_size {10**12:,}"


@pytest.mark.parametrize("name", ["ndjson", "csv", "tsv", "json", "plain", "markdown", "table"])
def test_a_stream_is_the_rows_at_once(name: str) -> None:
    at_once = render_rows(name, rows(), Screen())
    assert streamed(name, Screen()).replace(" ", "") == at_once.replace(" ", "").replace("\\", "")


@pytest.mark.parametrize(("name", "text"), [("json", "[]\n"), ("csv", ",".join(COLUMNS.keys) + "\n"), ("ndjson", "")])
def test_no_rows(name: str, text: str) -> None:
    assert row_stream(name, Screen(), COLUMNS).end() == text
