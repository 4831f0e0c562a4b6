"""A stream as a table: the first records decide about the columns and their widths, the others follow line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_type_hints

from conv2d_cli.render.ascii import ascii_text
from conv2d_cli.render.blocks import Column, Span
from conv2d_cli.render.layer_text import as_words
from conv2d_cli.render.screens.shared import word
from conv2d_cli.render.units import three_digits
from conv2d_cli.report.shape import ShapeReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from conv2d_cli.render.screen import Screen
    from conv2d_cli.render.streams import Columns as ColumnsOfRecords

_HELD_BACK = 1000
# Rich takes a millisecond a row: enough for a screenful, too much for a thousand.
_BY_RICH = 100
_UNLIMITED = 10_000
_LAYER = "layer"
# Figures that a choice of columns has to have room for.
_FIGURES = 2
_ON_A_MACHINE = frozenset({"seconds_at_least", "limited_by"})
_NUMBERS = frozenset({"line", "seconds_at_least"}) | {
    key for key, kind in get_type_hints(ShapeReport).items() if kind in {int, float, int | None, float | None}
}


class TableStream:
    """Holds the first records back, then none: their widths are kept, and what is wider is shown whole."""

    def __init__(self, screen: Screen, columns: ColumnsOfRecords) -> None:
        """Wait for records."""
        self._screen, self._tables = screen, columns.tables
        self._keys = [*dict.fromkeys(key for ranks in columns.tables for key in ranks)]
        self._numbers = frozenset(columns.keys) if columns.numbers else _NUMBERS
        self._held: list[list[str]] = []
        self._line: Callable[..., str] | None = None
        self._places: list[int] = []

    def add(self, record: Mapping[str, Any]) -> str:
        """Return the record's line, or nothing while the widths are not known."""
        cells = _cells(record, self._keys)
        if not self._screen.unicode:
            # Before anything is measured: a stand-in may be longer.
            cells = [*map(ascii_text, cells)]
        if self._line is not None:
            return self._text(cells)
        self._held.append(cells)
        return self.end() if len(self._held) == _HELD_BACK else ""

    def end(self) -> str:
        """Return the records that were held back, under their header."""
        if self._line is not None or not self._held:
            return ""
        from conv2d_cli.render.console import printed
        from conv2d_cli.render.layout_grid import GAP, rows_of, width_of

        width = self._screen.width or _UNLIMITED
        shown = self._shown(width)
        if not shown:
            self._line = self._below_keys
            self._places = [*range(len(self._keys))]
            others, self._held = self._held, []
            return "".join(map(self._text, others))
        self._places = [self._keys.index(column.title) for column in shown]
        self._line = _format_of(shown)
        first = [column._replace(cells=column.cells[:_BY_RICH]) for column in shown]
        widths = [*map(width_of, shown)]
        room = max(width, sum(widths) + GAP * len(widths))
        text = printed(rows_of(first, widths), self._screen._replace(width=room))
        others, self._held = self._held[_BY_RICH:], []
        return text + "".join(map(self._text, others))

    def _shown(self, width: int) -> list[Column]:
        """Return what fits of the first choice of columns that has room for two figures, else of that with the most.

        Layers are shown even where they are wider than the screen; numbers alone are not, where they do not fit.
        """
        from conv2d_cli.render.layout_grid import fitting

        choices = [
            fitting(columns, width) or [column for column in columns if not column.rank and self._numbers is _NUMBERS]
            for columns in map(self._columns, self._tables)
        ]
        roomy = (columns for columns in choices if _figures(columns) >= _FIGURES)
        # Of those that are equal the last, which is the narrowest.
        return next(roomy, None) or max(reversed(choices), key=_figures)

    def _columns(self, ranks: Mapping[str, int]) -> tuple[Column, ...]:
        """Return these columns of the records that are held back."""
        columns = (
            Column(key, tuple(Span(row[self._keys.index(key)]) for row in self._held), key in self._numbers, rank)
            for key, rank in ranks.items()
        )
        return tuple(column for column in columns if column.title not in _ON_A_MACHINE or _is_known(column))

    def _below_keys(self, *cells: str) -> str:
        """Return a record where not even what matters has room beside one another: a line for each key."""
        from conv2d_cli.render.console import printed
        from conv2d_cli.render.layout_figures import laid_out
        from conv2d_cli.render.layout_grid import one_by_one

        columns = tuple(
            Column(key, (Span(cell),), to_the_right=True) for key, cell in zip(self._keys, cells, strict=True)
        )
        return printed(laid_out(one_by_one(columns), self._screen.width or _UNLIMITED), self._screen)

    def _text(self, cells: Sequence[str]) -> str:
        """Return the line of one more record."""
        assert self._line is not None  # noqa: S101 - the first records are shown
        return self._line(*(cells[place] for place in self._places)).rstrip() + "\n"


def _is_known(column: Column) -> bool:
    return any(cell.text for cell in column.cells)


def _figures(columns: Iterable[Column]) -> int:
    return sum(column.rank > 0 for column in columns)


def stream(_format_name: str, screen: Screen, columns: ColumnsOfRecords) -> TableStream:
    """Return a stream for a screen."""
    return TableStream(screen, columns)


def _cells(record: Mapping[str, Any], keys: Iterable[str]) -> list[str]:
    return [as_words(record) if key == _LAYER else _word(record.get(key)) for key in keys]


def _word(value: object) -> str:
    if isinstance(value, float):
        return three_digits(value)
    return "" if value is None else word(value)


def _format_of(columns: Sequence[Column]) -> Callable[..., str]:
    """Return what lays out one more row: a table of Rich's for each takes a thousand times as long."""
    from conv2d_cli.render.layout_grid import GAP, width_of

    parts = (f"{{:{'>' if column.to_the_right else '<'}{width_of(column)}}}" for column in columns)
    return (" " * GAP).join(parts).format
