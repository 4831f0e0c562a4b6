"""The formats for programs, on small records: nothing of them depends on a terminal."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from conv2d_cli.render.formats import FORMATS, render, render_rows
from conv2d_cli.render.screen import Screen
from conv2d_cli.render.values import bare, json_safe

if TYPE_CHECKING:
    from conv2d_cli.report.shape import ShapeReport

RECORD: dict[str, Any] = {
    "schema_version": 1,
    "shape": (1, 2),
    "bias": True,
    "padding": "same",
    "macs": 10**20,
    "size": None,
    "mean": float("nan"),
}
ROWS: list[dict[str, Any]] = [
    {"schema_version": 1, "name": "a|b", "ms": 1.5, "ratio": None, "shape": (1, 2)},
    {"schema_version": 1, "name": "c", "ms": 100.25, "ratio": float("nan"), "shape": (10, 20)},
]
ANY = Screen(width=20, color=True)


def test_the_formats_there_are() -> None:
    assert FORMATS == ("table", "plain", "json", "ndjson", "csv", "tsv", "markdown")


def test_json_holds_each_key_on_its_line_and_numbers_that_json_has() -> None:
    text = render("json", RECORD, ANY)
    assert text.splitlines()[:4] == ["{", '  "schema_version": 1,', '  "shape": [1, 2],', '  "bias": true,']
    assert json.loads(text) == {**RECORD, "shape": [1, 2], "mean": "nan"}
    assert text.endswith('  "mean": "nan"\n}\n')


def test_a_report_is_a_record_with_its_version(resnet: ShapeReport) -> None:
    for text in (render("json", resnet, ANY), render("ndjson", resnet, ANY)):
        loaded = json.loads(text)
        assert next(iter(loaded)) == "schema_version"
        assert loaded["macs"] == resnet.macs
    for name in ("plain", "csv", "tsv", "markdown"):
        assert "schema_version" not in render(name, resnet, ANY)


def test_ndjson_is_one_line() -> None:
    text = render("ndjson", RECORD, ANY)
    assert text.count("\n") == 1
    assert json.loads(text) == {**RECORD, "shape": [1, 2], "mean": "nan"}


@pytest.mark.parametrize(("name", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_csv_and_tsv_are_a_line_of_keys_and_one_of_values(name: str, delimiter: str) -> None:
    text = render(name, RECORD, ANY)
    keys, values = csv.reader(io.StringIO(text), delimiter=delimiter)
    assert keys == [*RECORD][1:]
    assert values == ["1 2", "true", "same", "100000000000000000000", "", "nan"]
    assert "\r" not in text


def test_markdown_has_formulas_only_where_all_is_wanted(resnet: ShapeReport) -> None:
    lines = render("markdown", resnet, ANY, verbose=True).splitlines()
    assert lines[:3] == ["| key | value | formula |", "| --- | --- | --- |", "| in_channels | 3 |  |"]
    assert r"| flops | 236027904 | 2 \* 118013952 = 236027904 |" in lines
    assert render("markdown", RECORD, ANY, verbose=True).splitlines()[:3] == [
        "| key | value |",
        "| --- | --- |",
        "| shape | 1 2 |",
    ]


def test_plain_is_a_key_and_its_value_a_line() -> None:
    assert render("plain", RECORD, ANY, verbose=True, remarks=["no remark"]).splitlines() == [
        "shape    1 2",
        "bias     true",
        "padding  same",
        "macs     100000000000000000000",
        "size     -",
        "mean     nan",
    ]
    assert render("plain", {"engines": ()}, ANY) == "engines\n"


def test_rows_as_csv_tsv_and_json() -> None:
    assert render_rows("csv", ROWS, ANY) == "name,ms,ratio,shape\na|b,1.5,,1 2\nc,100.25,nan,10 20\n"
    assert render_rows("tsv", ROWS, ANY).startswith("name\tms\tratio\tshape\na|b\t1.5\t")
    expected = [{**row, "shape": list(row["shape"])} for row in ROWS]
    expected[1]["ratio"] = "nan"
    assert json.loads(render_rows("json", ROWS, ANY)) == expected
    assert [json.loads(line) for line in render_rows("ndjson", ROWS, ANY).splitlines()] == expected
    text = render("json", {"schema_version": 1, "rows": ROWS, "none": []}, ANY)
    assert json.loads(text) == {"schema_version": 1, "rows": expected, "none": []}
    assert len(text.splitlines()) == 8


def test_rows_as_markdown_are_one_table() -> None:
    assert render_rows("markdown", ROWS, ANY).splitlines() == [
        "| name | ms | ratio | shape |",
        "| --- | --- | --- | --- |",
        r"| a\|b | 1.5 |  | 1 2 |",
        "| c | 100.25 | nan | 10 20 |",
    ]


def test_plain_rows_line_numbers_up_on_the_right() -> None:
    lines = ["name      ms  ratio  shape", "a|b      1.5      -  1 2", "c     100.25    nan  10 20"]
    assert render_rows("plain", ROWS, ANY).splitlines() == lines


def test_a_table_of_records_lines_numbers_up_or_shows_them_one_by_one() -> None:
    lines = ["name      ms  ratio  shape", "a|b      1.5  -      1×2", "c     100.25  nan    10×20"]  # noqa: RUF001
    expected = [line.replace("-      1", "    -  1").replace("nan    1", "  nan  1") for line in lines]
    assert render_rows("table", ROWS, Screen(26)).splitlines() == expected
    assert render_rows("table", ROWS, Screen()).splitlines() == expected
    narrow = render_rows("table", ROWS, Screen(24)).splitlines()
    assert narrow[:2] == ["a|b", "  ms        1.5"]
    assert "100.25" in "".join(narrow)


def test_a_record_without_a_screen_is_keys_and_values() -> None:
    text = render("table", RECORD, Screen(40), remarks=["a remark"])
    assert text.splitlines()[:2] == ["  shape                            1×2", "  bias                            true"]  # noqa: RUF001
    assert "100,000,000,000,000,000,000" in text
    assert text.endswith("\n\na remark\n")


def test_what_a_terminal_would_obey_is_spelled() -> None:
    text = render("table", {"name": "a\x1b[31mb\nc [/bold]"}, Screen(80))
    assert text == "  name  a\\x1b[31mb\\nc [/bold]\n"


def test_bare_values() -> None:
    values: tuple[object, ...] = (None, True, False, 0, 1.5, "same", (1, (2, 3)), [], "a b")
    assert [bare(value) for value in values] == ["", "true", "false", "0", "1.5", "same", "1 2 3", "", "a b"]


def test_values_that_json_lacks_become_text() -> None:
    given_values = [float("inf"), -float("inf"), (float("nan"), 1.0), None, 10**30, 1 - 2j]
    assert json_safe(given_values) == ["inf", "-inf", ["nan", 1.0], None, 10**30, [1.0, -2.0]]
