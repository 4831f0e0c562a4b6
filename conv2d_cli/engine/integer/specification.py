"""What integer arithmetic is asked for: zero points, the accumulator, what becomes of overflow, the requantisation."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

from conv2d_cli.arithmetic.accumulator import Range, range_of_integers, sum_of_products
from conv2d_cli.dtypes import DTYPES
from conv2d_cli.errors import DataError, UsageError, one_of

Accumulator = Literal["int32", "int64"]
OnOverflow = Literal["error", "wrap", "saturate"]
Requantizing = Literal["onnx", "tflite"]
Quantized = Literal["int8", "uint8"]

ACCUMULATORS: tuple[Accumulator, ...] = get_args(Accumulator)
ON_OVERFLOW: tuple[OnOverflow, ...] = get_args(OnOverflow)
REQUANTIZING: tuple[Requantizing, ...] = get_args(Requantizing)
QUANTIZED: tuple[Quantized, ...] = get_args(Quantized)
# Differences to a zero point must be exact in int64.
_MOST_BITS_WITH_ZERO_POINT = 32


class Requantization(NamedTuple):
    """How sums become elements of eight bits again.

    The real number of an input element is `input_scale * (x - input_zero_point)`, and so on. `weight_scales` are one,
    or one for each output channel. `rounding` names the arithmetic, as in `requantize`.
    """

    input_scale: float
    weight_scales: tuple[float, ...]
    output_scale: float
    output_zero_point: int
    dtype: str
    rounding: str = "onnx"


class IntegerArithmetic(NamedTuple):
    """How integers are convolved: sums of (x - zero point) * (w - zero point), and a bias, in an accumulator.

    `weight_zero_points` are one, or one for each output channel. `requantization` None leaves the accumulator as the
    output.
    """

    input_dtype: str
    weight_dtype: str
    accumulator: str
    input_zero_point: int = 0
    weight_zero_points: tuple[int, ...] = (0,)
    on_overflow: str = "error"
    requantization: Requantization | None = None

    @property
    def output_dtype(self) -> str:
        """The element type of the output."""
        return self.accumulator if self.requantization is None else self.requantization.dtype

    @property
    def input_range(self) -> Range:
        """What an input element can be, less the zero point."""
        return range_of(self.input_dtype).less(Range(self.input_zero_point, self.input_zero_point))

    @property
    def weight_range(self) -> Range:
        """What a weight can be, less its zero point."""
        return range_of(self.weight_dtype).less(Range(min(self.weight_zero_points), max(self.weight_zero_points)))

    def sums(self, taps: int) -> Range:
        """Return what the sum of as many products can be, and each partial sum of it in any order; without a bias."""
        return sum_of_products(taps, self.input_range, self.weight_range)


def range_of(dtype: str) -> Range:
    """Return what an integer type holds.

    >>> range_of("uint8")
    Range(least=0, greatest=255)
    """
    kind = DTYPES[dtype]
    return range_of_integers(8 * kind.bytes, signed=kind.kind == "i")


def is_integer(dtype: str) -> bool:
    """Whether elements are whole numbers, of a type that is computed with."""
    return dtype in DTYPES and DTYPES[dtype].kind in "iu"


def check_operands(dtype: str, *, weight: str, bias: str | None, accumulator: str) -> None:
    """Check that operands have types that are accumulated: integers, of one type but for int8 beside uint8.

    Raises:
        UsageError: input or weight are no integers.
        DataError: their types differ, or the bias has not the accumulator's.
    """
    for what, given in (("input", dtype), ("weight", weight)):
        if not is_integer(given):
            raise UsageError(
                f"the {what} is {given}: only integers are summed in {accumulator}, or have zero points and scales",
                "give tensors of integers, or leave the options of integers out",
            )
    if weight != dtype and {weight, dtype} != {*QUANTIZED}:
        wider = max((dtype, weight), key=lambda name: (DTYPES[name].bytes, DTYPES[name].kind == "i"))
        raise DataError(
            f"the input is {dtype}, the weight {weight}: of integers only int8 and uint8 may be mixed",
            f"dtype='{wider}' for both",
        )
    if bias not in {None, accumulator}:
        raise DataError(
            f"the bias is {bias}, the accumulator {accumulator}: a bias has the accumulator's type",
            f"accumulate={bias}" if bias in ACCUMULATORS else f"a bias of {accumulator}",
        )


def check_zero_points(what: str, dtype: str, zero_points: tuple[int, ...], channels: int | None = None) -> None:
    """Check zero points against the type of what they belong to, and their number: one, or one for each of `channels`.

    Raises:
        UsageError: they do not fit.
    """
    holds = range_of(dtype)
    if any(zero_points) and 8 * DTYPES[dtype].bytes > _MOST_BITS_WITH_ZERO_POINT:
        raise UsageError(f"the {what} is {dtype}: zero points are of integers of up to 32 bits", f"{what}_zero_point=0")
    for number in zero_points:
        if not holds.least <= number <= holds.greatest:
            nearest = max(holds.least, min(holds.greatest, number))
            raise UsageError(
                f"the zero point {number} of the {what} is no value of {dtype}, which holds {holds.least} to "
                f"{holds.greatest}",
                f"{what}_zero_point={nearest}",
            )
    check_number(f"zero points of the {what}", len(zero_points), channels)


def check_number(what: str, number: int, channels: int | None) -> None:
    """Check that there is one value, or one for each output channel; `channels` None allows one alone.

    Raises:
        UsageError: there are others.
    """
    if number not in {1, channels}:
        wanted = "one" if channels is None else f"one, or one for each of {channels} output channels"
        raise UsageError(f"there are {number} {what}", f"give {wanted}")


def check_requantization(requantization: Requantization, accumulator: str, channels: int) -> None:
    """Check a requantisation.

    Raises:
        UsageError: its type, its zero point or the number of its scales does not fit.
    """
    if requantization.dtype not in QUANTIZED:
        raise UsageError(f"nothing is requantised to {requantization.dtype}", f"output_dtype={one_of(QUANTIZED)}")
    if requantization.rounding == "tflite" and accumulator != "int32":
        raise UsageError(f"TFLite's multiplier is of int32, and the accumulator is {accumulator}", "accumulate=int32")
    check_zero_points("output", requantization.dtype, (requantization.output_zero_point,))
    check_number("scales of the weight", len(requantization.weight_scales), channels)
