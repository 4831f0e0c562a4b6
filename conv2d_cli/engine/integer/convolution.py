"""A convolution of integers on arrays: operands widened less their zero points, sums brought into the accumulator."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.engine.executor import Parameters, execution_of, gathered_tile, tile_execution
from conv2d_cli.engine.integer.accumulation import Accumulated
from conv2d_cli.engine.integer.exact_sums import Products, high_words, with_bias
from conv2d_cli.engine.integer.planning import BLOCK_ELEMENTS
from conv2d_cli.engine.integer.requantisation import requantizer_of
from conv2d_cli.engine.planning.tiling import tiles_of
from conv2d_cli.errors import MemoryLimitError

if TYPE_CHECKING:
    from conv2d_cli.engine.blocks.strips import Image
    from conv2d_cli.engine.executor import Execution
    from conv2d_cli.engine.integer.planning import IntegerPlan
    from conv2d_cli.engine.integer.specification import IntegerArithmetic
    from conv2d_cli.engine.planning.plan import Plan
    from conv2d_cli.engine.planning.tiling import Tile
    from conv2d_cli.numpy_dtypes import Array


class IntegerParameters:
    """Weight and bias of a convolution of integers, widened once. Several threads may share them."""

    def __init__(self, weight: Array, bias: Array | None, arithmetic: IntegerArithmetic) -> None:
        """Hold both."""
        self.weight, self.bias = weight, bias
        self._zero_points = np.array(arithmetic.weight_zero_points, np.int64).reshape(-1, 1, 1, 1)
        self._widened: dict[str, Parameters] = {}

    def widened(self, dtype: str) -> Parameters:
        """Return the weight less its zero points in the type of sums, for an execution; the bias is added later."""
        if dtype not in self._widened:
            self._widened[dtype] = Parameters(_less(self.weight, self._zero_points, np.dtype(dtype)), None)
        return self._widened[dtype]


class IntegerConvolution:
    """Carries out a plan on one input, a few images or a tile at a time; `sums` says what came into the accumulator.

    One thread at a time may use it, and chunks come in their order.
    """

    def __init__(self, plan: IntegerPlan, parameters: IntegerParameters, *, unbatched: bool = False) -> None:
        """Have convolved nothing; an `unbatched` input has indices of three axes.

        Raises:
            UsageError: requantisation is not possible with these scales.
        """
        arithmetic = plan.arithmetic
        self.plan, self.sums = plan, Accumulated(arithmetic.accumulator, arithmetic.on_overflow)
        self._parameters, self._unbatched = parameters, unbatched
        self._dtype = np.dtype(arithmetic.output_dtype)
        asked = arithmetic.requantization
        self._requantize = None if asked is None else requantizer_of(asked)

    def images(self, first: int, x: Array) -> Array:
        """Return the output (N, out_channels, Ho, Wo) of images from that number on, of the plan's size.

        Raises:
            DataError: a sum overflows, and may not.
            MemoryLimitError: there is not memory enough.
        """
        plan = self.plan
        out = _new((len(x), *plan.geometry.batched_output_shape[1:]), self._dtype)
        together = plan.images_together
        for start in range(0, len(x), together):
            part = x[start : start + together]
            wide = _less(part, plan.arithmetic.input_zero_point, np.dtype(plan.wide.dtype))
            some = plan.for_images(len(part))
            executions = execution_of(some.wide), some.estimate and execution_of(some.estimate)
            self._fill(out[start : start + together], wide, *executions, (first + start, 0, 0, 0))
        self.sums.check()
        return out

    def tile(self, number: int, tile: Tile, strip: Array) -> Array:
        """Return the output (1, out_channels, rows, columns) of a tile of one image, from what was gathered for it.

        Raises:
            DataError: a sum of the image overflows, and may not; told at its last tile, of the first in order.
            MemoryLimitError: there is not memory enough.
        """
        plan, size = self.plan, (tile.rows, tile.columns)
        out = _new((1, plan.geometry.out_channels, *size), self._dtype)
        executions = tile_execution(plan.wide, *size), plan.estimate and tile_execution(plan.estimate, *size)
        self._fill(out, strip, *executions, (number, 0, tile.top, tile.left))
        height, width = plan.geometry.height.output, plan.geometry.width.output
        if (tile.top + tile.rows, tile.left + tile.columns) == (height, width):
            self.sums.check()
        return out

    def _fill(
        self,
        out: Array,
        wide: Array,
        execution: Execution,
        estimate: Execution | None,
        start: tuple[int, int, int, int],
    ) -> None:
        """Fill `out` with what widened images make, of which the first output stands at the index `start`."""
        sums = execution(wide, self._parameters.widened(execution.plan.dtype))
        high = None if estimate is None else self._high(wide, sums, execution.plan, estimate)
        channels, rows, columns = out.shape[1:]
        together = max(1, BLOCK_ELEMENTS // max(1, rows * columns))
        for image, channel in product(range(len(out)), range(0, channels, together)):
            some = slice(channel, channel + together)
            index = (start[0] + image, channel, *start[2:])
            block = self._with_bias(sums[image, some], None if high is None else high[image, some], some)
            accumulated = self.sums.add(*block, index[1:] if self._unbatched else index)
            out[image, some] = accumulated if self._requantize is None else self._requantize(accumulated, some)

    def _with_bias(self, low: Array, high: Array | None, channels: slice) -> tuple[Array, Array | None]:
        bias = self._parameters.bias
        if bias is None:
            return low, high
        return with_bias(low.astype(np.int64), high, bias[channels, None, None])

    def _high(self, wide: Array, low: Array, plan: Plan[Any], estimate: Execution) -> Array | None:
        arithmetic, weight = self.plan.arithmetic, self._parameters.widened(plan.dtype).weight
        unsigned = (arithmetic.input_dtype == "uint64", arithmetic.weight_dtype == "uint64")
        products = Products(plan.geometry, plan.padding_mode, wide, weight, unsigned)

        def estimated() -> Array:
            x, real_weight = (operand.astype(np.float64) for operand in products.operands)
            return estimate(x, Parameters(real_weight, None))

        return high_words(products, low, estimated)


class _Widened:
    """An image of integers whose parts are widened as they are taken, less the zero point."""

    def __init__(self, image: Image, zero_point: int, dtype: str) -> None:
        self._image, self._zero_point, self._dtype = image, zero_point, np.dtype(dtype)
        self.shape = image.shape

    def __getitem__(self, key: Any) -> Array:  # noqa: ANN401 - slices and arrays of indices
        return _less(self._image[key], self._zero_point, self._dtype)


def gathered_integers(plan: IntegerPlan, image: Image, tile: Tile) -> Array:
    """Return what a tile of the plan's image reads, widened: padding with zeros is the zero point, and so is 0."""
    return gathered_tile(plan.wide, _Widened(image, plan.arithmetic.input_zero_point, plan.wide.dtype), tile)


def convolve_integers(plan: IntegerPlan, parameters: IntegerParameters, x: Array) -> tuple[Array, Accumulated]:
    """Return the output (N, out_channels, Ho, Wo) of a whole input, and what its sums were.

    Raises:
        DataError: a sum overflows, and may not.
        UsageError: requantisation is not possible with these scales.
        MemoryLimitError: there is not memory enough.
    """
    convolution = IntegerConvolution(plan, parameters)
    if plan.tiling is None:
        return convolution.images(0, x), convolution.sums
    out = _new(plan.geometry.batched_output_shape, np.dtype(plan.dtype))
    for number, tile in product(range(len(x)), [*tiles_of(plan.geometry, plan.tiling)]):
        place = slice(tile.top, tile.top + tile.rows), slice(tile.left, tile.left + tile.columns)
        strip = gathered_integers(plan, x[number], tile)
        out[(number, slice(None), *place)] = convolution.tile(number, tile, strip)[0]
    return out, convolution.sums


def _less(values: Array, zero_points: Any, dtype: np.dtype[Any]) -> Array:  # noqa: ANN401 - a number or an array
    """Return values less their zero points, of a type that holds every difference; uint64 keeps its bits in int64."""
    if not np.any(zero_points):
        return values.astype(dtype)
    less: Array = np.subtract(values, zero_points, dtype=dtype, casting="unsafe")
    return less


def _new(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    try:
        return np.empty(shape, dtype)
    except (ValueError, MemoryError) as error:
        raise MemoryLimitError(
            f"there is no room for an output of shape {list(shape)} in {dtype.name}",
            "a smaller image, less padding or fewer channels take less",
        ) from error
