"""Windows of a kernel under an axis, on as few lines as they need so that they do not overlap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.render.drawing.scale import BREAK

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conv2d_cli.render.drawing.axis import Axis
    from conv2d_cli.render.drawing.scale import Scale

# All windows are drawn where they fit on this many lines.
_MOST_LINES = 3
_SECOND = 2
_TAP, _GAP, _FIRST, _LAST, _SINGLE = "·", "─", "└", "┘", "│"
_SPACED, _CLOSE = 4, 2


def window_lines(axis: Axis, scale: Scale) -> list[str] | None:
    """Return the lines below a bar; None where the first or the last window has no room."""
    overlapping = -(-axis.effective // axis.stride)
    if scale.whole and overlapping <= _MOST_LINES:
        return [
            _drawn(range(line, axis.outputs, overlapping), axis, scale)
            for line in range(min(overlapping, axis.outputs))
        ]
    return _first_and_last(axis, scale)


def _first_and_last(axis: Axis, scale: Scale) -> list[str] | None:
    """Return the first two windows and the last, and what stands for the others."""
    last = axis.outputs - 1
    if any(_cell(number, axis, scale) is None for number in (0, last)):
        return None
    shown = [number for number in dict.fromkeys((0, last, min(1, last))) if _cell(number, axis, scale) is not None]
    lines: list[list[int]] = []
    for number in shown:
        free = next((line for line in lines if not any(_overlap(number, other, axis) for other in line)), None)
        if free is None:
            lines.append([number])
        else:
            free.append(number)
    return [_drawn(line, axis, scale, goes_on=1 in line and last > _SECOND) for line in sorted(lines, key=min)]


def _overlap(number: int, other: int, axis: Axis) -> bool:
    return abs(number - other) * axis.stride < axis.effective


def _drawn(numbers: Iterable[int], axis: Axis, scale: Scale, *, goes_on: bool = False) -> str:
    """Return a line of windows, with a break in the middle where it goes on and there is room."""
    canvas = [" "] * scale.cells
    for number in numbers:
        cell = _cell(number, axis, scale)
        if cell is not None:
            canvas[cell : cell + axis.effective] = _window(axis)
    middle = (scale.cells - len(BREAK) + 1) // 2 if scale.whole else scale.left
    if goes_on and not "".join(canvas[middle : middle + len(BREAK)]).strip():
        canvas[middle : middle + len(BREAK)] = BREAK
    return "".join(canvas).rstrip()


def _cell(number: int, axis: Axis, scale: Scale) -> int | None:
    return scale.place(number * axis.stride, axis.effective)


def _window(axis: Axis) -> str:
    """Return `└─ 7 ─┘`, or the taps of a dilated kernel: `└─·─·─┘`."""
    if axis.effective == 1:
        return _SINGLE
    inner = axis.effective - len(_FIRST + _LAST)
    if axis.dilation > 1:
        taps = (_GAP * (axis.dilation - 1) + _TAP) * (axis.kernel - 1)
        return f"{_FIRST}{taps[:inner]}{_LAST}"
    label = str(axis.effective)
    if inner >= len(label) + _SPACED:
        label = f" {label} "
    elif inner < len(label) + _CLOSE:
        label = ""
    return f"{_FIRST}{label:{_GAP}^{inner}}{_LAST}"
