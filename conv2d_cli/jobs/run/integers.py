"""The integer arithmetic of a run: what was asked for, with the values that files hold, checked against the tensors."""

from __future__ import annotations

import re
from contextlib import contextmanager
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.engine.api import integer
from conv2d_cli.errors import Conv2dError, DataError
from conv2d_cli.tensors.opening import open_source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.layer.model import Conv2d

    # One value, one for each output channel, or the file that holds them.
    Values = tuple[float, ...] | str

# The options that hints name as arguments of Python, and those that a fault of a value names.
_ARGUMENTS = ("accuracy", "accumulate", "input_zero_point", "weight_zero_point", "output_zero_point", "on_overflow")
_SCALES = ("input_scale", "weight_scale", "output_scale", "output_dtype")
_IN_HINT = re.compile(rf"\b({'|'.join((*_ARGUMENTS, *_SCALES))})=")


class Scales(NamedTuple):
    """What brings sums back to eight bits; `output_dtype` None keeps the input's type."""

    input_scale: float
    weight_scale: Values
    output_scale: float
    output_zero_point: int = 0
    output_dtype: str | None = None
    rounding: str = "onnx"


class IntegerOptions(NamedTuple):
    """The options of integers; `scales` None leaves the accumulator as the output."""

    accumulate: str = "int32"
    input_zero_point: int = 0
    weight_zero_point: Values = (0,)
    on_overflow: str = "error"
    scales: Scales | None = None


def arithmetic_of(
    options: IntegerOptions, layer: Conv2d, dtype: str, *, weight: str, bias: str | None
) -> integer.IntegerArithmetic:
    """Return the arithmetic of operands of these types.

    Raises:
        UsageError: the operands are no integers, or an option does not fit them.
        DataError: their types do not go together, or a file holds no such values.
        FileError: a file cannot be read.
    """
    channels, scales = layer.out_channels, options.scales
    with in_the_words_of_options():
        integer.check_operands(dtype, weight=weight, bias=bias, accumulator=options.accumulate)
        integer.check_zero_points("input", dtype, (options.input_zero_point,))
        zero_points = _values("--weight-zero-point", options.weight_zero_point, channels, whole=True)
        integer.check_zero_points("weight", weight, tuple(map(int, zero_points)), channels)
        requantization = None
        if scales is not None:
            requantization = integer.Requantization(
                scales.input_scale,
                tuple(map(float, _values("--weight-scale", scales.weight_scale, channels, whole=False))),
                scales.output_scale,
                scales.output_zero_point,
                scales.output_dtype or dtype,
                scales.rounding,
            )
            integer.check_requantization(requantization, options.accumulate, channels)
            integer.requantizer_of(requantization)
    return integer.IntegerArithmetic(
        dtype,
        weight,
        options.accumulate,
        options.input_zero_point,
        tuple(map(int, zero_points)),
        options.on_overflow,
        requantization,
    )


def _values(option: str, given: Values, channels: int, *, whole: bool) -> tuple[float, ...]:
    """Return values as they were typed, or those in a file: one, or one for each output channel.

    Raises:
        DataError: the file holds others.
    """
    if not isinstance(given, str):
        return given
    with open_source(given) as source:
        if prod(source.shape) not in {1, channels}:
            raise DataError(
                f"{option} {given}: it holds {prod(source.shape)} values, for {channels} output channels",
                f"a file of 1 or {channels} values",
            )
        values = source.read().reshape(-1)
    if values.dtype.kind not in ("iu" if whole else "iuf"):
        wanted = "whole numbers" if whole else "real numbers"
        raise DataError(f"{option} {given}: it holds {source.dtype}, not {wanted}", f"a file of {wanted}")
    numbers: tuple[float, ...] = tuple(values.tolist())
    return numbers


@contextmanager
def in_the_words_of_options() -> Iterator[None]:
    """Have hints name the options of the command, `--accumulate int64`, where they name arguments of Python."""
    try:
        yield
    except Conv2dError as error:
        if error.hint is None or not _IN_HINT.search(error.hint):
            raise
        hint = _IN_HINT.sub(lambda match: f"--{match[1].replace('_', '-')} ", error.hint)
        raise type(error)(error.message, hint) from error


@contextmanager
def what_mixes(dtype: str, weight: str, *, accumulates: bool) -> Iterator[None]:
    """Say of int8 beside uint8, which nothing is promoted for, what takes both: an accumulator, where there is one."""
    try:
        yield
    except DataError as error:
        if {dtype, weight} != {*integer.QUANTIZED}:
            raise
        option = "accumulate" if accumulates else "dtype"
        raise DataError(error.message, f"--{option} {integer.ACCUMULATORS[0]} takes both") from error
