"""Rows one by one: the header once, the widths of the first thousand, every digit of the others."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conv2d_cli import Conv2d, analyze
from conv2d_cli.render.formats import render_rows
from conv2d_cli.render.screen import Screen
from conv2d_cli.render.streams import Columns, row_stream

FACTS = analyze(Conv2d(3, 64, 7, stride=2, padding=3, bias=False), (1, 3, 224, 224))._asdict()


def record(line: int, **changed: Any) -> dict[str, Any]:
    return {"schema_version": 1, "line": line, **FACTS, **changed}


@pytest.mark.parametrize("name", ["ndjson", "csv", "tsv", "table", "plain", "markdown"])
def test_no_rows_are_no_text(name: str) -> None:
    assert row_stream(name, Screen(80)).end() == ""


def test_no_rows_are_an_empty_list() -> None:
    assert row_stream("json", Screen(80)).end() == "[]\n"


@pytest.mark.parametrize("name", ["json", "ndjson", "csv", "tsv", "plain", "markdown"])
def test_rows_one_by_one_are_what_they_are_together(name: str) -> None:
    rows = [{"schema_version": 1, **FACTS, "macs": 10**place} for place in range(30)]
    stream = row_stream(name, Screen(), Columns((), ()))
    assert "".join([*map(stream.add, rows), stream.end()]) == render_rows(name, rows, Screen())


def test_plain_rows_follow_the_first_thousand() -> None:
    stream = row_stream("plain", Screen(), Columns((), ()))
    assert all(stream.add(record(line)) == "" for line in range(1, 1000))
    lines = stream.add(record(1000)).splitlines()
    assert len(lines) == 1001
    assert stream.add(record(1001)).rstrip("\n") == lines[-1].replace("1000", "1001", 1)
    assert stream.add(record(10**9)).startswith("1000000000  ")
    assert stream.end() == ""


def test_ndjson_comes_at_once() -> None:
    stream = row_stream("ndjson", Screen())
    assert json.loads(stream.add(record(7)))["line"] == 7
    assert json.loads(stream.add({"schema_version": 1, "line": 8, "error": "no", "hint": None}))["error"] == "no"
    assert stream.end() == ""


@pytest.mark.parametrize(("name", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_csv_has_one_header_and_an_empty_cell_for_no_name(name: str, delimiter: str) -> None:
    stream = row_stream(name, Screen(20, color=True))
    first = stream.add(record(1)).splitlines()
    assert first[0].split(delimiter)[:4] == ["line", "name", "in_channels", "out_channels"]
    assert "schema_version" not in first[0]
    assert first[1].split(delimiter)[:4] == ["1", "", "3", "64"]
    second = stream.add({"schema_version": 1, "line": 2, "name": "conv,1", **FACTS})
    assert second.count("\n") == 1
    assert second.startswith('2,"conv,1",3,' if delimiter == "," else "2\tconv,1\t3\t")
    assert stream.end() == ""


def test_the_table_waits_and_then_follows() -> None:
    stream = row_stream("table", Screen(100))
    assert all(stream.add(record(line)) == "" for line in range(1, 1000))
    text = stream.add(record(1000))
    assert len(text.splitlines()) == 1001
    later = stream.add(record(10**9, macs=10**30))
    assert f"{10**30:,}" in later
    assert later.startswith("1,000,000,000  3→64 7×7 s2 p3 no bias")  # noqa: RUF001
    assert stream.add(record(1001)).rstrip("\n") == text.splitlines()[-1].replace("1,000", "1,001", 1)
    assert stream.end() == ""


def test_columns_are_chosen_by_their_importance() -> None:
    def header(width: int | None, **named: str) -> list[str]:
        stream = row_stream("table", Screen(width))
        stream.add(record(1, **named))
        return stream.end().splitlines()[0].split()

    assert header(20) == ["line", "layer"]
    assert header(45) == ["line", "layer", "output_shape"]
    assert header(80) == ["line", "layer", "input_shape", "output_shape", "parameters", "macs"]
    assert header(55, name="conv1") == ["line", "name", "layer", "output_shape"]
    assert header(None)[-1] == "receptive_field"


def test_of_two_choices_the_first_that_has_room_for_two_figures_is_shown() -> None:
    figures = {"output_shape": 1, "macs": 2, "parameters": 3}
    choices = ({"kernel_size": 0, "stride": 0, "padding": 0} | figures, {"layer": 0} | figures)

    def header(width: int) -> list[str]:
        stream = row_stream("table", Screen(width), Columns((), choices))
        stream.add(FACTS)
        return stream.end().splitlines()[0].split()

    assert header(80) == ["kernel_size", "stride", "padding", "output_shape", "macs", "parameters"]
    assert header(55) == ["kernel_size", "stride", "padding", "output_shape", "macs"]
    assert header(54) == ["layer", "output_shape", "macs"]
    assert header(40) == ["layer", "output_shape"]
    assert header(20) == ["layer"]


def test_a_table_of_layers_without_a_size() -> None:
    stream = row_stream("table", Screen(80, unicode=False))
    facts = analyze(Conv2d(3, 8, (3, 5), padding="same_upper", stride=(2, 1), groups=1, dilation=2))._asdict()
    stream.add({"line": 1, **facts})
    assert stream.end().splitlines() == [
        "line  layer                        parameters  receptive_field",
        "   1  3->8 3x5 s2x1 same_upper d2         368  5x9",
    ]


def test_ascii_rows_after_the_first_ones_stand_under_them() -> None:
    stream = row_stream("table", Screen(80, unicode=False))
    lines = "".join([*(stream.add(record(line)) for line in range(1, 1200)), stream.end()]).splitlines()
    assert all(line.isascii() for line in lines)
    assert len({line.index("->") for line in lines[1:]}) == 1
    assert len({len(line) for line in lines[1:]}) == 1
