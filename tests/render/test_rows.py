"""Every format on several records of the same keys."""

from __future__ import annotations

import json
from typing import Any

from conv2d_cli.render.formats import render, render_rows
from conv2d_cli.render.screen import Screen

ROWS: list[dict[str, Any]] = [
    {"schema_version": 1, "name": "a|b", "ms": 1.5, "ratio": None, "shape": (1, 2)},
    {"schema_version": 1, "name": "c", "ms": 100.25, "ratio": float("nan"), "shape": (10, 20)},
]
PLAIN = Screen()


def test_csv_and_tsv_are_a_line_each() -> None:
    assert render_rows("csv", ROWS, PLAIN) == "name,ms,ratio,shape\na|b,1.5,,1 2\nc,100.25,nan,10 20\n"
    assert render_rows("tsv", ROWS, PLAIN).startswith("name\tms\tratio\tshape\na|b\t1.5\t")


def test_json_and_ndjson_hold_all_of_them() -> None:
    expected = [{**row, "shape": list(row["shape"])} for row in ROWS]
    expected[1]["ratio"] = "nan"
    assert json.loads(render_rows("json", ROWS, PLAIN)) == expected
    assert [json.loads(line) for line in render_rows("ndjson", ROWS, PLAIN).splitlines()] == expected
    text = render("json", {"schema_version": 1, "rows": ROWS, "none": []}, {}, PLAIN)
    assert json.loads(text) == {"schema_version": 1, "rows": expected, "none": []}
    assert len(text.splitlines()) == 8


def test_markdown_is_one_table() -> None:
    assert render_rows("markdown", ROWS, PLAIN).splitlines() == [
        "| name | ms | ratio | shape |",
        "| --- | --- | --- | --- |",
        r"| a\|b | 1.5 |  | 1 2 |",
        "| c | 100.25 | nan | 10 20 |",
    ]


def test_the_table_lines_numbers_up_on_the_right() -> None:
    lines = ["name      ms  ratio  shape", "a|b      1.5      -  1 2", "c     100.25    nan  10 20"]
    assert render_rows("table", ROWS, PLAIN).splitlines() == lines
    assert render_rows("table", ROWS, Screen(width=26)).splitlines() == lines
    assert "\x1b[36m" in render_rows("table", ROWS, Screen(color=True))


def test_a_narrow_terminal_shows_records_one_by_one() -> None:
    lines = render_rows("table", ROWS, Screen(width=25)).splitlines()
    assert lines[:2] == ["name   a|b", "ms     1.5"]
    assert lines[4:6] == ["", "name   c"]
    assert "100.25" in lines[6]
