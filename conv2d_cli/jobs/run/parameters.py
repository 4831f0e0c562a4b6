"""Weight and bias of a run, opened and not yet read, and the layer that they make or must fit."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from conv2d_cli.dtypes import DTYPES
from conv2d_cli.errors import DataError, UsageError
from conv2d_cli.jobs.headers import faults_in, is_typed
from conv2d_cli.jobs.run.operands import Kernel, Operand, TypedOperand
from conv2d_cli.layer.from_weight import check_bias, check_weight, layer_of_weight
from conv2d_cli.tensors.layout import WEIGHT_LAYOUTS
from conv2d_cli.tensors.location import format_meant
from conv2d_cli.tensors.opening import open_source
from conv2d_cli.tensors.reading import Described

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import ExitStack

    from conv2d_cli.jobs.run.request import Request
    from conv2d_cli.layer.model import Conv2d
    from conv2d_cli.tensors.reading import Reading

_RAW = "bin"
_EIGHT_BITS, _WIDER, _ACCUMULATORS = ("int8", "uint8"), ("int16", "int32"), ("int64",)


def parameters_opened(
    request: Request, dtype: str, stack: ExitStack, *, channels: int
) -> tuple[Kernel | None, Operand | None, Conv2d]:
    """Open weight and bias for an input of `dtype` with `channels`; return them, None if drawn, and the layer.

    Raises:
        UsageError: a typed tensor is none.
        FileError: a file cannot be read.
        DataError: a file's contents are bad or do not fit the layer.
    """
    weight, bias = None, None
    if request.weight is not None:
        operand = _opened(request.weight, dtype, request, stack, bias_of=None)
        with faults_in(request.weight):
            weight = Kernel(operand, flip=request.flip, channels=channels if request.per_channel else None)
    if request.bias is not None:
        elements = weight.shape[0] if weight else request.layer.out_channels if request.layer else None
        bias = _opened(request.bias, dtype, request, stack, bias_of=elements)
    return weight, bias, _layer(request, weight, bias, channels)


def _opened(typed: str, dtype: str, request: Request, stack: ExitStack, *, bias_of: int | None) -> Operand:
    reading = request.weight_reading if bias_of is None else request.bias_reading
    if bias_of is not None and request.integers is not None:
        # The bias is added in the accumulator.
        dtype = request.integers.accumulate
        reading = reading._replace(dtype=None if reading.dtype is None else dtype)
    if is_typed(typed):
        return _typed_operand(typed, dtype, request, reading, is_bias=bias_of is not None)
    if bias_of is not None and format_meant(typed) == _RAW:
        described = reading.described or Described(None, dtype, owner="bias")
        reading = reading._replace(described=described._replace(shape=(bias_of,)))
    return stack.enter_context(open_source(typed, reading, stdin=request.stdin))


def _typed_operand(typed: str, dtype: str, request: Request, reading: Reading, *, is_bias: bool) -> TypedOperand:
    """Return a typed tensor; a filter of integers is int8 or uint8, whichever holds it, where the input is either.

    Raises:
        UsageError: it is none, or the type cannot hold its values.
    """
    if request.integers is None:
        return TypedOperand(typed, dtype, reading.casts)
    mixed = not is_bias and reading.dtype is None and dtype in _EIGHT_BITS
    held = _held_by(typed, _EIGHT_BITS if mixed else (dtype,), reading)
    if held is not None:
        return held
    try:
        return TypedOperand(typed, dtype, reading.casts)
    except UsageError as error:
        wider = _held_by(typed, _ACCUMULATORS if is_bias else _WIDER, reading)
        option = "--accumulate" if is_bias else "--dtype"
        raise UsageError(
            error.message, "give whole numbers, and not too large" if wider is None else f"{option} {wider.dtype}"
        ) from error


def _held_by(typed: str, dtypes: Sequence[str], reading: Reading) -> TypedOperand | None:
    """Return a typed tensor in the first type that holds it; None if none does."""
    for dtype in dtypes:
        with suppress(UsageError):
            return TypedOperand(typed, dtype, reading.casts)
    return None


def _layer(request: Request, weight: Kernel | None, bias: Operand | None, channels: int) -> Conv2d:
    """Return the layer, which has a bias where one is read, and none where only a weight is."""
    has_bias = bias is not None
    with faults_in(request.weight):
        if request.layer is None:
            assert weight is not None  # noqa: S101 - the request has been checked
            arguments = {**request.arguments, "bias": has_bias}
            if request.per_channel and arguments.get("groups", channels) != channels:
                raise UsageError(
                    f"--per-channel makes {channels} groups of {channels} channels, not {arguments['groups']}",
                    f"groups={channels}",
                )
            layer = layer_of_weight(weight.shape, arguments | ({"groups": channels} if request.per_channel else {}))
        elif weight is not None:
            _check_weight(request, request.layer, weight.shape)
            layer = request.layer.model_copy(update={"bias": has_bias})
        else:
            layer = request.layer
    if bias is not None:
        with faults_in(request.bias):
            check_bias(layer, bias.shape)
    return layer


def _check_weight(request: Request, layer: Conv2d, shape: tuple[int, ...]) -> None:
    """Check that a weight is a layer's, and say where it is so in another order of axes."""
    try:
        check_weight(layer, shape)
    except DataError as error:
        wanted = (layer.out_channels, layer.in_channels // layer.groups, *layer.kernel_size)
        other = weight_layout_for(shape, wanted) if request.weight_reading.layout.is_ours else None
        if other is None:
            raise
        raise DataError(f"it looks like {other}: {error.message}", f"--weight-layout {other}") from error


def weight_layout_for(shape: Sequence[int], wanted: Sequence[int]) -> str | None:
    """Return the order of axes in which a weight of this shape has the size that is wanted; None if in none.

    >>> weight_layout_for((3, 3, 3, 64), (64, 3, 3, 3))
    'HWIO'
    """
    for name, layout in WEIGHT_LAYOUTS.items():
        if not layout.is_ours and len(shape) == len(layout.axes) and layout.of_file(shape) == tuple(wanted):
            return name
    return None


def drawn_dtype(layer: Conv2d, input_dtype: str) -> str:
    """Return the dtype that parameters are drawn in: the layer's, else the input's where it can be a parameter's.

    Raises:
        UsageError: nothing can be drawn in it.
    """
    dtype = layer.dtype or input_dtype
    if not DTYPES[dtype].can_be_parameter:
        raise UsageError(
            f"parameters cannot be drawn in {dtype}: "
            "Only Tensors of floating point and complex dtype can require gradients",
            "--dtype float32 casts the input, or give --weight FILE",
        )
    return dtype
