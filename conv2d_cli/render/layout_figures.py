"""Keys, values, units and formulas under one another: columns go whole, a digit never."""

from __future__ import annotations

# ruff: noqa: FBT003 - fields of a tuple, one plan a line
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.render.blocks import DIM, HEADING, KEY, Span
from conv2d_cli.render.rich_parts import cell_of, cells, grid, indented, line_of
from conv2d_cli.render.words import wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from conv2d_cli.render.blocks import Figure, Figures

_GAP = 2
_INDENT = 2


class Widths(NamedTuple):
    """The widest of each column. `close` is what a key and its own value need: a long key may have a short value."""

    key: int
    value: int
    close: int
    unit: int
    formula: int
    tight_formula: int


class Plan(NamedTuple):
    """What is shown beside the keys and the values, and the number of blanks."""

    indent: int
    close: bool
    unit: bool
    formula: bool
    tight: bool

    def facts_width(self, widths: Widths) -> int:
        """Return the width of a key with its value."""
        return widths.close if self.close else widths.key + _GAP + widths.value

    def others(self, widths: Widths) -> list[int]:
        """Return the widths of the unit and the formula, of those that are shown."""
        formula = widths.tight_formula if self.tight else widths.formula
        return [width for width in (self.unit and widths.unit, self.formula and formula) if width]

    def width(self, widths: Widths) -> int:
        """Return the columns of the terminal that this takes."""
        return self.indent + self.facts_width(widths) + sum(_GAP + width for width in self.others(widths))


# The best first: blanks go before columns, the formula before the unit.
_PLANS = (
    Plan(_INDENT, False, True, True, False),
    Plan(_INDENT, False, True, True, True),
    Plan(_INDENT, True, True, True, True),
    Plan(_INDENT, False, True, False, False),
    Plan(_INDENT, True, True, False, False),
    Plan(0, True, True, False, False),
    Plan(_INDENT, False, False, False, False),
    Plan(_INDENT, True, False, False, False),
    Plan(0, True, False, False, False),
)


def laid_out(block: Figures, width: int) -> Iterator[RenderableType]:
    """Return the sections; a value that does not fit beside its own key goes under it."""
    figures = [figure for section in block.sections for figure in section.figures]
    beside = [figure for figure in figures if _close(figure) <= width]
    widths = _widths(beside) if beside else Widths(0, 0, 0, 0, 0, 0)
    plan = next(plan for plan in _PLANS if plan.width(widths) <= width)
    for section in block.sections:
        if section.title:
            for title in wrapped(section.title, width):
                yield line_of((Span(title, HEADING),))
        for fits, together in groupby(section.figures, lambda figure: _close(figure) <= width):
            if fits:
                yield _table([*together], plan, widths)
            else:
                for figure in together:
                    yield from _under_its_key(figure, plan.indent, width)


def _close(figure: Figure) -> int:
    return cells(figure.key) + _GAP + cells(figure.value)


def _widths(figures: Sequence[Figure]) -> Widths:
    return Widths(
        max(cells(figure.key) for figure in figures),
        max(cells(figure.value) for figure in figures),
        max(map(_close, figures)),
        max(cells(figure.unit) for figure in figures),
        max(cells(figure.formula) for figure in figures),
        max(cells(_tight(figure.formula)) for figure in figures),
    )


def _tight(formula: str) -> str:
    """Return a formula without blanks around its signs of multiplication."""
    return formula.replace(" × ", "×").replace(" x ", "x")  # noqa: RUF001 - the sign itself


def _table(figures: Sequence[Figure], plan: Plan, widths: Widths) -> RenderableType:
    facts = (plan.facts_width(widths),) if plan.close else (widths.key, widths.value)
    unit = plan.unit and widths.unit
    shown = (*facts, *plan.others(widths))
    sides = ("left", *(("right",) if not plan.close else ()), *(("right",) if unit else ()), "left")
    table = grid(_GAP, sides[: len(shown)], shown)
    for figure in figures:
        key, value = cell_of(Span(figure.key, KEY)), cell_of(Span(figure.value, figure.style))
        row: list[RenderableType] = [key, value]
        if plan.close:
            length = cells(figure.value)
            pair = grid(_GAP, ("left", "right"), (facts[0] - _GAP - length, length))
            pair.add_row(key, value)
            row = [pair]
        if unit:
            row.append(cell_of(Span(figure.unit, figure.unit_style)))
        formula = _tight(figure.formula) if plan.tight else figure.formula
        table.add_row(*row, *([cell_of(Span(formula, DIM))] if len(row) < len(shown) else []))
    return indented(table, plan.indent)


def _under_its_key(figure: Figure, indent: int, width: int) -> Iterator[RenderableType]:
    """Return the key and the value below it; what is wider than the terminal begins at its left, whole."""
    for line in wrapped(figure.key, width):
        yield _from(line, KEY, indent, width)
    for line in wrapped(figure.value, width - indent - _INDENT):
        yield _from(line, figure.style, indent + _INDENT, width)


def _from(text: str, style: str, indent: int, width: int) -> RenderableType:
    line, room = line_of((Span(text, style),)), width - cells(text)
    return indented(line, min(room, indent)) if room > 0 else line
