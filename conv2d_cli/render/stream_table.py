"""A stream as a table: the first records decide about the columns and their widths, the others follow line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conv2d_cli.render.ascii import ascii_text
from conv2d_cli.render.blocks import Column, Span
from conv2d_cli.render.layer_text import as_words
from conv2d_cli.render.screens.shared import word
from conv2d_cli.render.units import three_digits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from conv2d_cli.render.screen import Screen
    from conv2d_cli.render.streams import Ranks

_HELD_BACK = 1000
# Rich takes a millisecond a row: enough for a screenful, too much for a thousand.
_BY_RICH = 100
_UNLIMITED = 10_000
_LAYER = "layer"
# In their order on the screen, with what goes first where it is narrow; the line and the layer never go.
_RANKS = {
    "line": 0,
    "name": 2,
    _LAYER: 0,
    "input_shape": 3,
    "output_shape": 1,
    "parameters": 4,
    "macs": 5,
    "output_bytes": 6,
    "arithmetic_intensity": 7,
    "receptive_field": 8,
    # Asked for by options of their own, they stay longer than the others.
    "seconds_at_least": 1,
    "limited_by": 2,
}
_ON_A_MACHINE = frozenset({"seconds_at_least", "limited_by"})
_NUMBERS = frozenset({"line", "parameters", "macs", "output_bytes", "arithmetic_intensity", "seconds_at_least"})


class TableStream:
    """Holds the first records back, then none: their widths are kept, and what is wider is shown whole."""

    def __init__(self, screen: Screen, ranks: Ranks | None = None) -> None:
        """Wait for records: of numbers under the keys of `ranks`, or of layers."""
        self._screen = screen
        self._ranks = ranks or _RANKS
        self._numbers = frozenset(ranks or _NUMBERS)
        self._facts = _facts_of_layer if ranks is None else dict
        self._held: list[list[str]] = []
        self._line: Callable[..., str] | None = None
        self._places: list[int] = []

    def add(self, record: Mapping[str, Any]) -> str:
        """Return the record's line, or nothing while the widths are not known."""
        facts = self._facts(record)
        cells = [_word(facts.get(key)) for key in self._ranks]
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
        from conv2d_cli.render.layout_grid import GAP, fitting, rows_of, width_of

        width = self._screen.width or _UNLIMITED
        columns = self._columns(self._held)
        known = tuple(column for column in columns if column.title not in _ON_A_MACHINE or _is_known(column))
        fits = fitting(known, width)
        if fits is None and self._facts is dict:
            self._line = self._below_keys
            self._places = [*range(len(columns))]
            others, self._held = self._held, []
            return "".join(map(self._text, others))
        shown = fits or [column for column in columns if not column.rank]
        self._places = [columns.index(column) for column in shown]
        self._line = _format_of(shown)
        first = [column._replace(cells=column.cells[:_BY_RICH]) for column in shown]
        widths = [*map(width_of, shown)]
        room = max(width, sum(widths) + GAP * len(widths))
        text = printed(rows_of(first, widths), self._screen._replace(width=room))
        others, self._held = self._held[_BY_RICH:], []
        return text + "".join(map(self._text, others))

    def _text(self, cells: Sequence[str]) -> str:
        """Return the line of one more record."""
        assert self._line is not None  # noqa: S101 - the first records are shown
        return self._line(*(cells[place] for place in self._places)).rstrip() + "\n"

    def _columns(self, rows: Sequence[Sequence[str]]) -> tuple[Column, ...]:
        return tuple(
            Column(key, tuple(Span(row[place]) for row in rows), key in self._numbers, rank)
            for place, (key, rank) in enumerate(self._ranks.items())
        )

    def _below_keys(self, *cells: str) -> str:
        """Return a record where not even what matters has room beside one another: a line for each key."""
        from conv2d_cli.render.console import printed
        from conv2d_cli.render.layout_figures import laid_out
        from conv2d_cli.render.layout_grid import one_by_one

        return printed(laid_out(one_by_one(self._columns([cells])), self._screen.width or _UNLIMITED), self._screen)


def stream(_format_name: str, screen: Screen, ranks: Ranks | None) -> TableStream:
    """Return a stream for a screen."""
    return TableStream(screen, ranks)


def _is_known(column: Column) -> bool:
    return any(cell.text for cell in column.cells)


def _facts_of_layer(record: Mapping[str, Any]) -> dict[str, Any]:
    return {**record, _LAYER: as_words(record), "name": record.get("name") or ""}


def _word(value: object) -> str:
    if isinstance(value, float):
        return three_digits(value)
    return "" if value is None else word(value)


def _format_of(columns: Sequence[Column]) -> Callable[..., str]:
    """Return what lays out one more row: a table of Rich's for each takes a thousand times as long."""
    from conv2d_cli.render.layout_grid import GAP, width_of

    parts = (f"{{:{'>' if column.to_the_right else '<'}{width_of(column)}}}" for column in columns)
    return (" " * GAP).join(parts).format
