"""Markdown tables: of keys, values and formulas for one record, or a line for each of many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conv2d_cli.render.values import bare, without_version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conv2d_cli.render.screen import Screen


def render(record: Mapping[str, Any], formulas: Mapping[str, Sequence[str]], _screen: Screen) -> str:
    """Return the table; a pipe in a cell is escaped, lines of a formula are parted by `<br>`."""
    header = ["key", "value", "formula"] if formulas else ["key", "value"]
    rows = [header, ["---"] * len(header)]
    for key, value in without_version(record).items():
        row = [key, _cell(bare(value))]
        if formulas:
            row.append("<br>".join(_cell(line) for line in formulas.get(key, ())))
        rows.append(row)
    return _table(rows)


def render_rows(rows: Sequence[Mapping[str, Any]], _screen: Screen) -> str:
    """Return records of the same keys as the lines of one table."""
    facts = [without_version(row) for row in rows]
    lines = [[_cell(bare(value)) for value in row.values()] for row in facts]
    return _table([[*map(_cell, facts[0])], ["---"] * len(facts[0]), *lines])


def _table(rows: Sequence[Sequence[str]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("*", "\\*")
