"""Plain text for `grep` and `awk`: a key and its value a line, or aligned columns under a header; no Rich."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conv2d_cli.render.escaping import printable
from conv2d_cli.render.values import bare, mapping_of, without_version

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import NamedTuple

_GAP = "  "
_NOTHING = "-"


def render(report: NamedTuple | Mapping[str, Any]) -> str:
    """Return a line for each key, the values under one another, however long they are."""
    facts = without_version(mapping_of(report))
    width = max(map(len, facts))
    return "".join(f"{key:<{width}}{_GAP}{_word(value)}".rstrip() + "\n" for key, value in facts.items())


def render_rows(reports: Sequence[NamedTuple | Mapping[str, Any]]) -> str:
    """Return a line for each record under a line of keys: numbers on the right, words on the left."""
    return layout_of(reports)[0]


def layout_of(reports: Sequence[NamedTuple | Mapping[str, Any]]) -> tuple[str, Callable[[Sequence[str]], str]]:
    """Return the lines of records, and what lays out the cells of one more as wide as these."""
    rows = [without_version(mapping_of(report)) for report in reports]
    keys = [*rows[0]]
    cells = [keys, *map(cells_of, rows)]
    sides = [">" if all(_is_number(row[key]) for row in rows) else "<" for key in keys]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    format_ = _GAP.join(f"{{:{side}{width}}}" for side, width in zip(sides, widths, strict=True)).format

    def line(row: Sequence[str]) -> str:
        return format_(*row).rstrip() + "\n"

    return "".join(map(line, cells)), line


def cells_of(record: Mapping[str, Any]) -> list[str]:
    """Return the words of a record, in the order of its keys."""
    return [_word(value) for value in without_version(record).values()]


def _word(value: object) -> str:
    return _NOTHING if value is None else printable(bare(value))


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
