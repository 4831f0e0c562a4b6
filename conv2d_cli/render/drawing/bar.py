"""The picture of one axis: padding, input and windows, in as many cells as there is room for."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from conv2d_cli.render.blocks import DIM, KEY, UNIT, WARNING, Span
from conv2d_cli.render.drawing.scale import BREAK, scale_of
from conv2d_cli.render.drawing.windows import window_lines

if TYPE_CHECKING:
    from conv2d_cli.render.blocks import Line
    from conv2d_cli.render.drawing.axis import Axis
    from conv2d_cli.render.drawing.scale import Scale

# A wider kernel hides what the picture is about.
_WIDEST_KERNEL = 15
_WIDEST = 40
_PADDING, _INPUT, _UNUSED = ("░", WARNING), ("█", KEY), ("▒", WARNING)


def picture(axis: Axis, room: int) -> tuple[Line, ...] | None:
    """Return the bar and the lines of windows below it; None where they do not fit or show nothing."""
    if axis.effective > _WIDEST_KERNEL or not axis.size:
        return None
    scale = scale_of(axis.padded, min(room, _WIDEST))
    if not scale.whole and (axis.before >= scale.left or axis.after >= scale.right):
        return None
    windows = window_lines(axis, scale)
    if windows is None:
        return None
    return (_bar(axis, scale), *((Span(line, UNIT),) for line in windows))


def _bar(axis: Axis, scale: Scale) -> Line:
    left = _spans(axis, 0, scale.left)
    if scale.whole:
        return left
    return (*left, Span(BREAK, DIM), *_spans(axis, scale.total - scale.right, scale.total))


def _spans(axis: Axis, start: int, end: int) -> Line:
    parts = groupby(_part(axis, place) for place in range(start, end))
    return tuple(Span(sign * len([*cells]), style) for (sign, style), cells in parts)


def _part(axis: Axis, place: int) -> tuple[str, str]:
    if not axis.before <= place < axis.before + axis.size:
        return _PADDING
    return _UNUSED if place >= axis.before + axis.size - axis.unused else _INPUT
