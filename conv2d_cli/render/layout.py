"""Blocks to Rich's renderables for a width: which columns there is room for is decided here, never by Rich."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from conv2d_cli.render import layout_figures, layout_grid
from conv2d_cli.render.blocks import KEY, Beside, Facts, Figures, Grid, Lines, Paragraph, Span, width_of
from conv2d_cli.render.rich_parts import cell_of, cells, grid, indented, line_of
from conv2d_cli.render.words import wrapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import RenderableType

    from conv2d_cli.render.blocks import Block, Fact

_GAP = 2
_PICTURE_GAP = 4
INDENT = 2
# Words in a narrower column are harder to read than words under their key.
_NARROWEST_WORDS = 16


def laid_out(blocks: Iterable[Block], width: int) -> Iterator[RenderableType]:
    """Return the renderables of blocks in their order."""
    for block in blocks:
        if isinstance(block, Lines):
            yield from map(line_of, block.lines)
        elif isinstance(block, Paragraph):
            yield from _paragraph(block, width)
        elif isinstance(block, Beside):
            yield _beside(block)
        elif isinstance(block, Figures):
            yield from layout_figures.laid_out(block, width)
        elif isinstance(block, Facts):
            yield from _facts(block, width)
        elif isinstance(block, Grid):
            yield from layout_grid.laid_out(block, width)


def _paragraph(block: Paragraph, width: int) -> Iterator[RenderableType]:
    for line in wrapped(block.text, width, block.indent):
        yield line_of((Span(line, block.style),))


def _beside(block: Beside) -> RenderableType:
    widths = [max(map(width_of, side)) for side in (block.left, block.right)]
    table = grid(_PICTURE_GAP, ("left", "left"), widths)
    for left, right in zip_longest(block.left, block.right, fillvalue=()):
        table.add_row(cell_of(*left), cell_of(*right))
    return indented(table, INDENT)


def _facts(block: Facts, width: int) -> Iterator[RenderableType]:
    """Return words beside their keys where the longest of them fits, else below."""
    key_width = max(cells(fact.key) for fact in block.facts)
    room = width - block.indent - key_width - _GAP
    longest = max(cells(word) for fact in block.facts for line in fact.lines for word in line.split(" "))
    if room < max(longest, min(_NARROWEST_WORDS, width)):
        for fact in block.facts:
            yield line_of((Span(fact.key, KEY),))
            yield from (line_of((Span(line),)) for line in _words_of(fact, width, INDENT))
        return
    table = grid(_GAP, ("left", "left"), (key_width, room))
    for fact in block.facts:
        table.add_row(cell_of(Span(fact.key, KEY)), cell_of(Span("\n".join(_words_of(fact, room)))))
    yield indented(table, block.indent)


def _words_of(fact: Fact, width: int, indent: int = 0) -> list[str]:
    """Return the lines of a fact; a word that is wider than the terminal begins at its left."""
    lines = [line for text in fact.lines for line in wrapped(text, width - indent)]
    return [line if len(line) + indent > width else " " * indent + line for line in lines]
