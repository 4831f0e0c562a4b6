"""Every format on one small record."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli import analyze
from conv2d_cli.layer.rules import layer_values
from conv2d_cli.render.formats import FORMATS, render
from conv2d_cli.render.screen import Screen
from conv2d_cli.render.values import bare, json_safe
from conv2d_cli.report.formulas import formulas_of
from conv2d_cli.report.shape import record_of

RECORD: dict[str, Any] = {
    "schema_version": 1,
    "shape": (1, 2),
    "bias": True,
    "padding": "same",
    "macs": 10**20,
    "size": None,
    "mean": float("nan"),
}
FORMULAS = {"macs": ["10 * 10 = 100", "a|b = 2"]}
PLAIN = Screen()


def test_the_formats_there_are() -> None:
    assert FORMATS == ("table", "json", "ndjson", "csv", "tsv", "markdown")


def test_json_holds_each_key_on_its_line_and_numbers_that_json_has() -> None:
    text = render("json", RECORD, FORMULAS, PLAIN)
    assert text.splitlines()[:4] == ["{", '  "schema_version": 1,', '  "shape": [1, 2],', '  "bias": true,']
    assert json.loads(text) == {**RECORD, "shape": [1, 2], "mean": "nan"}
    assert text.endswith('  "mean": "nan"\n}\n')


def test_ndjson_is_one_line() -> None:
    text = render("ndjson", RECORD, FORMULAS, PLAIN)
    assert text.count("\n") == 1
    assert json.loads(text) == {**RECORD, "shape": [1, 2], "mean": "nan"}


@pytest.mark.parametrize(("name", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_csv_and_tsv_are_a_line_of_keys_and_one_of_values(name: str, delimiter: str) -> None:
    text = render(name, RECORD, FORMULAS, PLAIN)
    keys, values = csv.reader(io.StringIO(text), delimiter=delimiter)
    assert keys == [*RECORD][1:]
    assert values == ["1 2", "true", "same", "100000000000000000000", "", "nan"]
    assert "\r" not in text


def test_markdown_has_formulas_only_where_there_are_some() -> None:
    lines = render("markdown", RECORD, FORMULAS, PLAIN).splitlines()
    assert lines[:3] == ["| key | value | formula |", "| --- | --- | --- |", "| shape | 1 2 |  |"]
    assert lines[5] == r"| macs | 100000000000000000000 | 10 \* 10 = 100<br>a\|b = 2 |"
    assert render("markdown", RECORD, {}, PLAIN).splitlines()[:3] == [
        "| key | value |",
        "| --- | --- |",
        "| shape | 1 2 |",
    ]


def test_the_table_lines_its_values_up() -> None:
    assert render("table", RECORD, FORMULAS, PLAIN).splitlines() == [
        "shape    1 2",
        "bias     true",
        "padding  same",
        "macs     100000000000000000000",
        "         10 * 10 = 100",
        "         a|b = 2",
        "size     -",
        "mean     nan",
    ]


def test_a_value_that_does_not_fit_goes_under_its_key() -> None:
    lines = render("table", RECORD, {"macs": ["10 * 10 = 100 and more"]}, Screen(width=20)).splitlines()
    assert lines[3:7] == ["macs", "  100000000000000000000", "  10 * 10 = 100 and", "  more"]
    lines = render("table", {"output_shape": (10, 200, 3000)}, {}, Screen(width=12)).splitlines()
    assert lines == ["output_shape", "  10 200", "  3000"]


def test_color_is_for_terminals() -> None:
    text = render("table", RECORD, FORMULAS, Screen(width=80, color=True))
    assert "\x1b[36m" in text
    assert re.sub(r"\x1b\[[\d;]*m", "", text) == render("table", RECORD, FORMULAS, Screen(width=80))
    assert "\x1b" not in render("table", RECORD, FORMULAS, Screen(width=80))


@given(st.integers(1, 120), st.booleans())
def test_no_digit_is_lost_in_a_terminal_of_any_width(width: int, verbose: bool) -> None:
    report = analyze(layer_values(10**9, 10**9, (10**6, 10**7), padding=10**8), (10**12, 10**9, 10**8, 10**9))
    record = record_of(report)
    formulas = formulas_of(report) if verbose else {}
    narrow = render("table", record, formulas, Screen(width=width))
    wide = render("table", record, formulas, PLAIN)
    assert re.findall(r"\S+", narrow) == re.findall(r"\S+", wide)
    assert str(report.macs) in narrow
    longest = max(len(word) for word in narrow.split())
    assert all(len(line) <= max(width, longest + 2) for line in narrow.splitlines())


def test_bare_values() -> None:
    values: tuple[object, ...] = (None, True, False, 0, 1.5, "same", (1, (2, 3)), [], "a b")
    assert [bare(value) for value in values] == ["", "true", "false", "0", "1.5", "same", "1 2 3", "", "a b"]


def test_values_that_json_lacks_become_text() -> None:
    given_values = [float("inf"), -float("inf"), (float("nan"), 1.0), None, 10**30]
    assert json_safe(given_values) == ["inf", "-inf", ["nan", 1.0], None, 10**30]
