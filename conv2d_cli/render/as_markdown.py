"""Markdown tables: of keys, values and formulas for one record, or a line for each of many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conv2d_cli.render.escaping import printable
from conv2d_cli.render.values import bare, mapping_of, without_version
from conv2d_cli.report.formulas import formulas_of
from conv2d_cli.report.shape import ShapeReport

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NamedTuple


def render(
    report: NamedTuple | Mapping[str, Any], more: Mapping[str, Any] | None = None, *, verbose: bool = False
) -> str:
    """Return the table, `more` facts at its end; a pipe in a cell is escaped, `<br>` parts the lines of a formula."""
    formulas = formulas_of(report) if verbose and isinstance(report, ShapeReport) else {}
    header = ["key", "value", "formula"] if formulas else ["key", "value"]
    rows = [header, ["---"] * len(header)]
    for key, value in without_version({**mapping_of(report), **(more or {})}).items():
        row = [key, _cell(bare(value))]
        if formulas:
            row.append("<br>".join(_cell(line) for line in formulas.get(key, ())))
        rows.append(row)
    return _table(rows)


def render_rows(reports: Sequence[NamedTuple | Mapping[str, Any]]) -> str:
    """Return records of the same keys as the lines of one table."""
    facts = [without_version(mapping_of(report)) for report in reports]
    lines = [[_cell(bare(value)) for value in row.values()] for row in facts]
    return _table([[*map(_cell, facts[0])], ["---"] * len(facts[0]), *lines])


def _table(rows: Sequence[Sequence[str]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _cell(text: str) -> str:
    return printable(text).replace("\\", "\\\\").replace("|", "\\|").replace("*", "\\*")
