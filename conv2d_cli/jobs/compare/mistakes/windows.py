"""Windows in other places than meant: paddings, strides and dilations."""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import TYPE_CHECKING

from conv2d_cli.jobs.compare.mistakes.base import Output, Variant
from conv2d_cli.jobs.compare.operation import with_output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from conv2d_cli.arithmetic.window import Axis
    from conv2d_cli.jobs.compare.operation import Operation

    Change = tuple[str, Callable[[Axis], Axis]]

# A phase further off is tried up to here.
_MOST_PHASES = 8
_AXES = {"height": ("top", "bottom"), "width": ("left", "right")}


def padding_side(_: Operation, __: Output) -> Iterator[Variant]:
    """Yield paddings with their sides swapped, or all on one side; of either axis and of both."""
    yield from _of_axes(
        (
            ("swapped", lambda axis: axis._replace(before=axis.after, after=axis.before)),
            ("all before", lambda axis: axis._replace(before=axis.before + axis.after, after=0)),
            ("all after", lambda axis: axis._replace(before=0, after=axis.before + axis.after)),
        ),
        "padding of the {axis} {change}",
    )


def padding_off_by_one(operation: Operation, _: Output) -> Iterator[Variant]:
    """Yield paddings with one side one more or less; also with as many windows as before."""
    for name, sides in _AXES.items():
        axis: Axis = getattr(operation, name)
        for field, side in zip(("before", "after"), sides, strict=True):
            for step in (1, -1):
                words = f"padding at the {side} is {getattr(axis, field) + step}, not {getattr(axis, field)}"
                changed = axis._replace(**{field: getattr(axis, field) + step})
                if getattr(changed, field) < 0:
                    continue
                yield Variant(words, partial(_with_axis, name=name, axis=changed))
                if field == "before":
                    kept = with_output(axis, changed.before, axis.output)
                    yield Variant(f"{words}, in as large an output", partial(_with_axis, name=name, axis=kept))


def stride_phase(operation: Operation, _: Output) -> Iterator[Variant]:
    """Yield windows that begin at another place within the stride."""
    phases = {
        name: [step for step in range(1 - stride, stride) if abs(step) < _MOST_PHASES]
        for name, stride in (("height", operation.height.stride), ("width", operation.width.stride))
    }
    for down, right in product(phases["height"], phases["width"]):
        if down or right:
            yield Variant(
                f"windows begin {down} rows and {right} columns further on", partial(_moved, down=down, right=right)
            )


def _moved(operation: Operation, down: int, right: int) -> Operation:
    height, width = operation.height, operation.width
    return operation._replace(
        height=with_output(height, height.before - down, height.output),
        width=with_output(width, width.before - right, width.output),
    )


def dilation_ignored(_: Operation, __: Output) -> Iterator[Variant]:
    """Yield kernels without gaps: padded as before, or just so that the output is as large."""
    yield from _of_axes(
        (
            ("not dilated", lambda axis: axis._replace(dilation=1)),
            ("not dilated, from the same corner", _undilated_from_corner),
            ("not dilated, around the same centres", _undilated_around_centre),
        ),
        "the kernel's {axis} {change}",
    )


def _undilated_from_corner(axis: Axis) -> Axis:
    return with_output(axis._replace(dilation=1), axis.before, axis.output)


def _undilated_around_centre(axis: Axis) -> Axis:
    closer = (axis.dilation - 1) * (axis.kernel - 1) // 2
    return with_output(axis._replace(dilation=1), axis.before - closer, axis.output)


def symmetric_same(operation: Operation, _: Output) -> Iterator[Variant]:
    """Yield paddings that are the same on both sides where they should not be."""
    if all(axis.before == axis.after for axis in (operation.height, operation.width)):
        return
    yield from _of_axes(
        (
            ("the larger on both sides", lambda axis: _both(axis, max(axis.before, axis.after))),
            ("the smaller on both sides", lambda axis: _both(axis, min(axis.before, axis.after))),
            ("half the kernel on both sides", lambda axis: _both(axis, (axis.effective_kernel - 1) // 2)),
            ("half the kernel, rounded up, on both sides", lambda axis: _both(axis, axis.effective_kernel // 2)),
            (
                "the larger at the start, in as large an output",
                lambda axis: with_output(axis, max(axis.before, axis.after), axis.output),
            ),
            (
                "the smaller at the start, in as large an output",
                lambda axis: with_output(axis, min(axis.before, axis.after), axis.output),
            ),
        ),
        "padding of the {axis} {change}",
    )


def _both(axis: Axis, side: int) -> Axis:
    return axis._replace(before=side, after=side)


def _of_axes(changes: Iterable[Change], words: str) -> Iterator[Variant]:
    """Yield each change made to the rows, to the columns, and to both."""
    for change, made in changes:
        for axis, names in (("rows and columns", ("height", "width")), ("rows", ("height",)), ("columns", ("width",))):
            yield Variant(words.format(axis=axis, change=change), partial(_with_change, names=names, made=made))


def _with_change(operation: Operation, names: Iterable[str], made: Callable[[Axis], Axis]) -> Operation:
    return operation.changed(**{name: made(getattr(operation, name)) for name in names})


def _with_axis(operation: Operation, name: str, axis: Axis) -> Operation:
    # Of the other axes of the operation, so that parts of an input are padded alike.
    return operation.changed(**{name: axis})
