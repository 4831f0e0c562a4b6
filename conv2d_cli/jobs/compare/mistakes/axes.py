"""Axes in another order than meant: swapped, or bytes of one layout taken for another."""

from __future__ import annotations

from functools import partial
from itertools import combinations, permutations
from math import prod
from typing import TYPE_CHECKING, Any

from conv2d_cli.jobs.compare.mistakes.base import Output, Variant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

    from conv2d_cli.arithmetic.window import Axis
    from conv2d_cli.jobs.compare.operation import Operation

    Array = np.ndarray[Any, Any]

_IMAGE_AXES = 3
# Of more axes there are too many orders.
_MOST_AXES = 5
_WEIGHT_ORDERS = {"HWIO": (2, 3, 1, 0), "OHWI": (0, 2, 3, 1), "CHWN": (1, 2, 3, 0)}
_LETTERS = {2: "HW", 3: "CHW", 4: "NCHW"}
_PAIRS = ("stride", "padding", "dilation")


def stored_as(array: Array, order: Sequence[int]) -> Array:
    """Return what is read, in the array's shape, of its elements written in another order of axes."""
    return array.transpose(order).reshape(array.shape)


def taken_as(array: Array, order: Sequence[int]) -> Array:
    """Return what is read of an array's elements where they are taken to have another order of axes.

    >>> import numpy as np
    >>> x = np.arange(12).reshape(1, 3, 2, 2)
    >>> bool((taken_as(stored_as(x, (0, 2, 3, 1)), (0, 2, 3, 1)) == x).all())
    True
    """
    written = array.reshape([array.shape[axis] for axis in order])
    return written.transpose([order.index(axis) for axis in range(array.ndim)])


def flipped_kernel(_: Operation, __: Output) -> Iterator[Variant]:
    """Yield true convolutions: the kernel turned by half, or one of its axes."""
    for words, rows, columns in (("both axes", -1, -1), ("its rows", -1, 1), ("its columns", 1, -1)):
        yield Variant(f"the kernel is flipped along {words}", partial(_with_flipped, rows=rows, columns=columns))


def _with_flipped(operation: Operation, rows: int, columns: int) -> Operation:
    return operation._replace(weight=operation.weight[..., ::rows, ::columns])


def swapped_in_operation(operation: Operation, _: Output) -> Iterator[Variant]:
    """Yield inputs, weights and pairs of arguments with H and W swapped, and weights with O and I swapped."""
    yield Variant("H and W of the input are swapped", _with_input_swapped)
    yield Variant("the input is read as (W, H)", partial(_with_input_taken, order=(0, 1, 3, 2)))
    yield Variant("kh and kw of the weight are swapped", _with_kernel_swapped)
    yield Variant("the weight is read with kw before kh", partial(_with_weight_taken, order=(0, 1, 3, 2)))
    if operation.groups == 1 and operation.weight.shape[0] == operation.weight.shape[1]:
        yield Variant("O and I of the weight are swapped", _with_channels_swapped)
    if operation.groups == 1:
        yield Variant("the weight is read with I before O", partial(_with_weight_taken, order=(1, 0, 2, 3)))
    for count in range(1, len(_PAIRS) + 1):
        for names in combinations(_PAIRS, count):
            yield Variant(f"H and W are swapped in {', '.join(names)}", partial(_with_pairs_swapped, names=names))
    yield Variant(
        f"H and W are swapped in kernel, {', '.join(_PAIRS)}",
        lambda one: _with_kernel_swapped(_with_pairs_swapped(one, _PAIRS)),
    )


def _with_input_swapped(operation: Operation) -> Operation:
    return _with_input(operation, operation.x.swapaxes(2, 3))


def _with_input(operation: Operation, x: Array) -> Operation:
    height, width = x.shape[2:]
    return operation._replace(
        x=x, height=operation.height._replace(size=height), width=operation.width._replace(size=width)
    )


def _with_input_taken(operation: Operation, order: Sequence[int]) -> Operation:
    return _with_input(operation, taken_as(operation.x, order))


def _with_input_stored(operation: Operation, order: Sequence[int]) -> Operation:
    return _with_input(operation, stored_as(operation.x, order))


def _with_kernel_swapped(operation: Operation) -> Operation:
    height, width = operation.height, operation.width
    return operation._replace(
        weight=operation.weight.swapaxes(2, 3),
        height=height._replace(kernel=width.kernel),
        width=width._replace(kernel=height.kernel),
    )


def _with_channels_swapped(operation: Operation) -> Operation:
    return operation._replace(weight=operation.weight.swapaxes(0, 1))


def _with_weight_taken(operation: Operation, order: Sequence[int]) -> Operation:
    return operation._replace(weight=taken_as(operation.weight, order))


def _with_weight_stored(operation: Operation, order: Sequence[int]) -> Operation:
    return operation._replace(weight=stored_as(operation.weight, order))


def _with_pairs_swapped(operation: Operation, names: Sequence[str]) -> Operation:
    height, width = operation.height, operation.width
    return operation._replace(height=_taking(height, width, names), width=_taking(width, height, names))


def _taking(axis: Axis, other: Axis, names: Sequence[str]) -> Axis:
    """Return an axis with the named arguments of the other."""
    if "stride" in names:
        axis = axis._replace(stride=other.stride)
    if "dilation" in names:
        axis = axis._replace(dilation=other.dilation)
    return axis._replace(before=other.before, after=other.after) if "padding" in names else axis


def hwio(operation: Operation, _: Output) -> Iterator[Variant]:
    """Yield weights whose bytes have another order of axes than the one that they are read in."""
    shape = tuple(operation.weight.shape)
    for name, order in _WEIGHT_ORDERS.items():
        yield Variant(f"the weight, OIHW, is read as {name}", partial(_with_weight_taken, order=order))
        yield Variant(f"the weight is stored as {name} and read as OIHW", partial(_with_weight_stored, order=order))
    inner = shape[2:]
    if prod(inner) > 1 and shape[0] > 1 and shape[1] > 1:
        order = (1, 0, 2, 3)
        yield Variant("the weight is stored as IOHW and read as OIHW", partial(_with_weight_stored, order=order))


def nhwc_in_operation(_: Operation, __: Output) -> Iterator[Variant]:
    """Yield inputs whose bytes are taken for another layout, alone and together with the output's."""
    order = (0, 2, 3, 1)
    for words, change in (
        ("the input, NCHW, is read as NHWC", partial(_with_input_taken, order=order)),
        ("the input is stored as NHWC and read as NCHW", partial(_with_input_stored, order=order)),
    ):
        yield Variant(words, change)
        yield Variant(f"{words}, and the output too", change, moved=partial(stored_as, order=order))
        yield Variant(f"{words}, and the output too", change, moved=partial(taken_as, order=order))


def nhwc(output: Output) -> Iterator[Variant]:
    """Yield outputs in NHWC, by their shape or only in their bytes."""
    if len(output.shape) not in {_IMAGE_AXES, _IMAGE_AXES + 1}:
        return
    yield from _reordered(output, _channels_last(len(output.shape)), "NHWC")


def _channels_last(axes: int) -> tuple[int, ...]:
    return (*range(axes - _IMAGE_AXES), axes - 2, axes - 1, axes - _IMAGE_AXES)


def _reordered(output: Output, order: tuple[int, ...], name: str) -> Iterator[Variant]:
    shape = tuple(output.shape[axis] for axis in order)
    if shape == output.actual_shape:
        yield Variant(f"the output is {name}", moved=lambda array: array.transpose(order))
    if output.shape == output.actual_shape:
        yield Variant(f"the output is stored as {name}", moved=partial(stored_as, order=order))
        yield Variant(f"the output is read as {name}", moved=partial(taken_as, order=order))


def swapped_output(output: Output) -> Iterator[Variant]:
    """Yield outputs with their axes in any other order than NHWC."""
    axes = len(output.shape)
    if axes > _MOST_AXES:
        return
    letters = _LETTERS.get(axes) or "".join(map(str, range(axes)))
    for order in permutations(range(axes)):
        if list(order) == sorted(order) or (axes >= _IMAGE_AXES and order == _channels_last(axes)):
            continue
        yield from _reordered(output, order, "".join(letters[axis] for axis in order))
