"""The words beside the picture of an axis: how the size of the output follows, with the numbers in it."""

# ruff: noqa: RUF001, RUF002 - the signs of arithmetic are meant

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.render.blocks import RESULT, Span

if TYPE_CHECKING:
    from conv2d_cli.render.blocks import Line
    from conv2d_cli.render.drawing.axis import Axis


def explanation(axis: Axis, name: str, remark: str = "") -> tuple[Line, ...]:
    """Return three lines: the padded size, the windows, the outputs; `name` is rows or columns."""
    padded = f"{_sum(axis)} = {axis.padded} {name}" if axis.before or axis.after else _count(axis.size, name)
    return (
        (Span(f"{padded}{remark}"),),
        (Span(_windows(axis, name)),),
        _outputs(str(axis.padded), axis),
    )


def formula(axis: Axis) -> Line:
    """Return the one line that says the most: `(3+224+3 − 7) // 2 + 1 = 112`."""
    return _outputs(_sum(axis).replace(" ", "") if axis.before or axis.after else str(axis.size), axis)


def _count(number: int, name: str) -> str:
    return f"{number} {name.removesuffix('s') if number == 1 else name}"


def _sum(axis: Axis) -> str:
    return f"{axis.before} + {axis.size} + {axis.after}"


def _windows(axis: Axis, name: str) -> str:
    every = f"every {axis.stride}" if axis.stride > 1 else f"every {name.removesuffix('s')}"
    if axis.dilation > 1 and axis.kernel > 1:
        return f"{axis.kernel} taps {axis.dilation} apart: a window of {axis.effective}, {every}"
    return f"a window of {axis.effective}, {every}"


def _outputs(padded: str, axis: Axis) -> Line:
    return (Span(f"({padded} − {axis.effective}) // {axis.stride} + 1 = "), Span(str(axis.outputs), RESULT))
