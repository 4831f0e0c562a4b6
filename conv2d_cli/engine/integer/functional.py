"""The convolution of integers on arrays, in an accumulator that is wider than they are."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.engine.algorithms.registry import PLANNERS
from conv2d_cli.engine.api import plan
from conv2d_cli.engine.arguments import array_of, check_bias_shape, layer_of_call, named
from conv2d_cli.engine.integer.convolution import IntegerParameters, convolve_integers
from conv2d_cli.engine.integer.planning import IntegerPlan, plan_integers
from conv2d_cli.engine.integer.specification import (
    ACCUMULATORS,
    ON_OVERFLOW,
    IntegerArithmetic,
    check_operands,
    check_zero_points,
)
from conv2d_cli.engine.planning.planner import FALLBACK
from conv2d_cli.errors import UsageError, did_you_mean
from conv2d_cli.layer.forward import UNBATCHED, geometry_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.engine.executor import Parameters
    from conv2d_cli.engine.integer.specification import Accumulator, OnOverflow
    from conv2d_cli.engine.planning.plan import Plan
    from conv2d_cli.layer.choices import PaddingMode, PaddingWord
    from conv2d_cli.numpy_dtypes import Array


def conv2d_integer(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] | tuple[int, int, int, int] | PaddingWord = 0,
    dilation: int | tuple[int, int] = 1,
    groups: int = 1,
    *,
    accumulate: Accumulator = "int32",
    input_zero_point: int = 0,
    weight_zero_point: int | tuple[int, ...] = 0,
    on_overflow: OnOverflow = "error",
    padding_mode: PaddingMode = "zeros",
    threads: int | None = None,
    algorithm: str | None = None,
) -> Array:
    """Convolve (cross-correlate) integers as ONNX's ConvInteger does: the exact sums, in an accumulator.

    An output is the sum of `(x - input_zero_point) * (w - weight_zero_point)` and the bias. Padding with zeros is the
    zero point.

    Args:
        x: (N, in_channels, H, W), or (in_channels, H, W) unbatched; integers of 8 to 64 bits.
        weight: (out_channels, in_channels / groups, kh, kw), of the type of `x`; int8 and uint8 may be mixed.
        bias: (out_channels,), of the accumulator's type.
        stride: an integer or a pair (H, W).
        padding: an integer, a pair, four integers (top, left, bottom, right), or a word, as in `conv2d`.
        dilation: an integer or a pair (H, W).
        groups: how many parts of the channels are convolved apart.
        accumulate: "int32" or "int64", the type of the output.
        input_zero_point: the value of `x` that stands for 0.
        weight_zero_point: the value of `weight` that does: one, or one for each output channel.
        on_overflow: what becomes of a sum that the accumulator cannot hold: "error", "wrap" modulo 2^bits, or
            "saturate". It is the exact final sum, its bias included, that overflows or does not: partial sums have no
            order that would be anybody else's.
        padding_mode: "zeros", "reflect", "replicate" or "circular".
        threads: of BLAS, as in `conv2d`.
        algorithm: a name of `conv2d info`'s algorithms that is not of a transform domain; None takes the best.

    Returns:
        A new C-contiguous array (N, out_channels, Ho, Wo), unbatched if `x` is, of the accumulator's type. Sums are
        made in float32 or float64 where that is exact: for K products where K * max|x| * max|w| of the types, less
        their zero points, is at most 2^24 or 2^53 (`summing_dtype` says why). Else they are made modulo 2^64.

    Raises:
        LayerError: the arguments make no layer.
        ShapeError: the shapes do not fit one another.
        DataError: a sum overflows, the element types do not go together, or an argument makes no array.
        UsageError: the operands are no integers, a zero point is none of their values, or an option names nothing that
            exists.
        MemoryLimitError: there is not memory enough.

    Source: https://onnx.ai/onnx/operators/onnx__ConvInteger.html

    >>> import numpy as np
    >>> x = np.array([[[[2, 3, 4], [5, 6, 7], [8, 9, 10]]]], np.uint8)
    >>> conv2d_integer(x, np.ones((1, 1, 2, 2), np.uint8), input_zero_point=1)
    array([[[[12, 16],
             [24, 28]]]], dtype=int32)
    """
    x, weight = array_of(x, "input"), array_of(weight, "weight")
    bias = None if bias is None else array_of(bias, "bias")
    for what, given, known in (("accumulate", accumulate, ACCUMULATORS), ("on_overflow", on_overflow, ON_OVERFLOW)):
        if given not in known:
            raise UsageError(f"there is no {what}={given!r}", did_you_mean(str(given), known, f"{what}="))
    bias_dtype = None if bias is None else named(bias.dtype)
    check_operands(named(x.dtype), weight=named(weight.dtype), bias=bias_dtype, accumulator=accumulate)
    layer = layer_of_call(weight.shape, (stride, padding, dilation, groups, padding_mode))
    zero_points = _whole_numbers("weight", weight_zero_point)
    input_zero_points = _whole_numbers("input", input_zero_point)
    check_zero_points("input", named(x.dtype), input_zero_points)
    check_zero_points("weight", named(weight.dtype), zero_points, layer.out_channels)
    check_bias_shape(weight, bias)
    arithmetic = IntegerArithmetic(
        named(x.dtype), named(weight.dtype), accumulate, input_zero_points[0], zero_points, on_overflow
    )
    decided = integer_plan(
        arithmetic, geometry_of(layer, x.shape), layer.padding_mode, algorithm=algorithm, threads=threads
    )
    unbatched = x.ndim == UNBATCHED
    batched, parameters = x[None] if unbatched else x, IntegerParameters(weight, bias, arithmetic)
    out, _ = convolve_integers(decided, parameters, batched, unbatched=unbatched)
    return out[0] if unbatched else out


class ExactIntegers:
    """An exact convolution of integers in their own type, ready to be carried out: a sum beyond it is refused."""

    def __init__(
        self, geometry: Geometry, padding_mode: str, dtype: str, algorithm: str | None, threads: int | None
    ) -> None:
        """Plan it.

        Raises:
            UsageError: an option names nothing that exists, or an algorithm that does not take this convolution.
        """
        arithmetic = exact_arithmetic(dtype)
        self.plan = integer_plan(arithmetic, geometry, padding_mode, algorithm=algorithm, threads=threads)

    def __call__(self, x: Array, parameters: Parameters) -> Array:
        """Convolve `x` (N, in_channels, H, W), of the shape and the type that it was planned for.

        Raises:
            DataError: a sum, its bias included, is beyond the type.
            MemoryLimitError: there is not memory enough.
        """
        return self.once(x, parameters.weight, parameters.bias)

    def once(self, x: Array, weight: Array, bias: Array | None) -> Array:
        """Convolve with parameters of which nothing is kept.

        Raises:
            DataError, MemoryLimitError: as `__call__`.
        """
        return convolve_integers(self.plan, IntegerParameters(weight, bias, self.plan.arithmetic), x)[0]


def exact_arithmetic(dtype: str) -> IntegerArithmetic:
    """Return what `accuracy="exact"` means for integers: their own type is the accumulator, and may not overflow."""
    return IntegerArithmetic(dtype, dtype, dtype)


def integer_plan(
    arithmetic: IntegerArithmetic,
    geometry: Geometry,
    padding_mode: str = "zeros",
    *,
    algorithm: str | None = None,
    threads: int | None = None,
) -> IntegerPlan:
    """Decide how integers are convolved in this process; `threads` None takes as many as BLAS was given.

    Raises:
        UsageError: an option names nothing that exists, or an algorithm that does not take this convolution.
    """
    planner = PLANNERS.get(str(algorithm))
    if planner is not None and planner.in_transform_domain:
        raise UsageError(
            f"the algorithm {algorithm} rounds whole numbers in its transform domain", f"algorithm={FALLBACK}"
        )
    plan_in = partial(_plan_in, geometry, padding_mode, algorithm, threads)
    return plan_integers(arithmetic, geometry.taps_per_output, plan_in)


def _plan_in(
    geometry: Geometry, padding_mode: str, algorithm: str | None, threads: int | None, dtype: str
) -> Plan[Any]:
    return plan(geometry, padding_mode, dtype, "strict", algorithm, threads)


def _whole_numbers(what: str, given: Any) -> tuple[int, ...]:  # noqa: ANN401 - a number or many
    values = np.atleast_1d(np.asarray(given))
    if values.ndim != 1 or values.dtype.kind not in "iu":
        raise UsageError(f"the zero point of the {what} is no whole number: {given!r}", f"{what}_zero_point=0")
    numbers: tuple[int, ...] = tuple(values.tolist())
    return numbers
