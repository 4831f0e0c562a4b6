"""What several screens begin or end with: the layer, the arrow from input to output, remarks."""

# ruff: noqa: RUF001 - the signs of arithmetic are meant

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conv2d_cli.dtypes import DEFAULT_DTYPE
from conv2d_cli.render.blocks import BLANK, DIM, HEADING, KEY, RESULT, Lines, Paragraph, Span, width_of
from conv2d_cli.render.escaping import printable
from conv2d_cli.render.layer_text import as_torch_prints, as_typed, times
from conv2d_cli.render.values import bare

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conv2d_cli.render.blocks import Block, Line
    from conv2d_cli.report.shape import ShapeReport
    from conv2d_cli.report.transposed import TransposedReport

_ARROW, _SHORT_ARROW = "──▶", "─▶"
_DEVICE = "cpu"
_BATCHED = 4
_INDENT = Span("  ")


def headline(shape: ShapeReport | TransposedReport, width: int) -> Block:
    """Return the layer as torch prints it; as it is typed where that is too long."""
    text = as_torch_prints(shape)
    return Paragraph(text if len(text) <= width else as_typed(shape), HEADING)


def arrow(shape: ShapeReport | TransposedReport, width: int, *, letters: bool = True) -> Iterator[Block]:
    """Return the input and the output, with as many blanks and words as there is room for."""
    if shape.input_shape is None or shape.output_shape is None:
        unusual = _unusual(shape)
        if unusual:
            yield Lines(((_INDENT, Span(", ".join(unusual), DIM)),))
        return
    legend = ["N × C × H × W" if len(shape.input_shape) == _BATCHED else "C × H × W"] if letters else []
    legend += [shape.dtype, *([] if shape.device == _DEVICE else [shape.device])]
    yield from arrow_between(
        shape.input_shape, shape.output_shape, ", ".join(legend), ", ".join(_unusual(shape)), width
    )


def arrow_between(before: Sequence[int], after: Sequence[int], legend: str, rest: str, width: int) -> Iterator[Block]:
    """Return the arrow from a shape to another and a legend; where that has no room, its `rest` below."""
    wide = _arrow(before, after, " × ", f"  {_ARROW}  ")
    close = (_INDENT, *_arrow(before, after, "×", f" {_SHORT_ARROW} ")[1:])
    explained = (*wide, Span(f"   {legend}", DIM))
    line = next((line for line in (explained, wide, close) if width_of(line) <= width), None)
    if line is not None:
        yield Lines((line,))
    else:
        yield Lines(tuple(_under_one_another(before, after, width)))
    if line is not explained and rest:
        yield Paragraph(f"  {rest}", DIM)


def _arrow(before: Sequence[int], after: Sequence[int], sign: str, between: str) -> Line:
    return (
        _INDENT,
        Span(sign.join(map(str, before)), KEY),
        Span(between, DIM),
        Span(sign.join(map(str, after)), RESULT),
    )


def _under_one_another(before: Sequence[int], after: Sequence[int], width: int) -> Iterator[Line]:
    yield (Span(times(before), KEY),)
    result = Span(times(after), RESULT)
    pointed = (Span(f"{_SHORT_ARROW} ", DIM), result)
    if width_of(pointed) <= width:
        yield pointed
    else:
        yield (Span(_SHORT_ARROW, DIM),)
        yield (result,)


def _unusual(shape: ShapeReport | TransposedReport) -> list[str]:
    """Return the element type and the device unless they are what one expects."""
    words = [] if shape.dtype == DEFAULT_DTYPE else [shape.dtype]
    return words if shape.device == _DEVICE else [*words, shape.device]


def top(shape: ShapeReport | None, width: int) -> Iterator[Block]:
    """Return the layer of a run and its arrow, and a blank line."""
    if shape is None:
        return
    yield headline(shape, width)
    yield from arrow(shape, width, letters=False)
    yield BLANK


def remarks(texts: Sequence[str]) -> Iterator[Block]:
    """Return dim lines at the end, after a blank one."""
    if texts:
        yield BLANK
        yield from (Paragraph(text, DIM) for text in texts)


def longest(texts: Sequence[str], width: int) -> str:
    """Return the first that fits, else the last."""
    return next((text for text in texts if len(text) <= width), texts[-1])


def word(value: Any) -> str:  # noqa: ANN401 - any fact
    """Return a fact as a word: exact numbers with separators, sizes with signs between, `-` for none."""
    if value is None:
        return "-"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, tuple | list) and value and all(isinstance(size, int) for size in value):
        return times(value)
    return printable(bare(value))
