"""The parts of Rich that layouts are made of; loaded when a table is shown, and then alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

    from conv2d_cli.render.blocks import Span

Side = Literal["left", "right"]


def cells(text: str) -> int:
    """Return the cells of a terminal that a text takes: two for a wide character."""
    from rich.cells import cell_len

    return cell_len(text)


def line_of(spans: Sequence[Span]) -> Text:
    """Return a line as Rich's text: never markup, never wrapped or cut."""
    from rich.text import Text

    return Text.assemble(*((span.text, span.style) for span in spans), no_wrap=True, overflow="ignore")


def cell_of(*spans: Span) -> Text:
    """Return what stands in a column, which is wide enough: a text that is not wrapped could not be aligned."""
    from rich.text import Text

    return Text.assemble(*((span.text, span.style) for span in spans), overflow="fold")


def grid(gap: int, sides: Sequence[Side], widths: Sequence[int]) -> Table:
    """Return a table without lines, whose columns are as wide as `widths` says: Rich has nothing to cut."""
    from rich.table import Table

    table = Table.grid(padding=(0, gap, 0, 0), pad_edge=False)
    for side, width in zip(sides, widths, strict=True):
        table.add_column(justify=side, overflow="fold", width=width)
    return table


def indented(renderable: RenderableType, indent: int) -> RenderableType:
    """Return the renderable further to the right."""
    from rich.padding import Padding

    return Padding(renderable, (0, 0, 0, indent), expand=False) if indent else renderable
