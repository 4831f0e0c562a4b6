"""Carries an exact convolution out, image by image: sums in float64, then what their bound leaves in doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.arithmetic.rounding import FLOAT_FORMATS
from conv2d_cli.engine.algorithms.base import BlockKernel
from conv2d_cli.engine.exact.bounds import adds_exactly, window_norms, window_signs
from conv2d_cli.engine.exact.elements import Terms, exact_elements
from conv2d_cli.engine.exact.operands import (
    ExactOperands,
    exact_operands,
    finite_part,
    marked_parameters,
    marks,
    real_channels,
)
from conv2d_cli.engine.exact.planning import SUMS_TOGETHER, component_dtype, components
from conv2d_cli.engine.exact.rounding import bits_of, rounded
from conv2d_cli.engine.executor import execution_of, gathered_tile
from conv2d_cli.engine.planning.tiling import Tile
from conv2d_cli.numpy_dtypes import numpy_dtype

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.engine.algorithms.base import Call, Items, Kernel, Worker
    from conv2d_cli.engine.planning.plan import Plan
    from conv2d_cli.engine.runtime.workspace import Workspace
    from conv2d_cli.numpy_dtypes import Array


class ExactKernel(BlockKernel):
    """An image at a time."""

    def prepare(self, plan: Plan[Any], weight: Array, bias: Array | None) -> ExactOperands:
        """Return the parameters in real float64 numbers, and what is known of them."""
        return exact_operands(weight, bias, plan.problem.geometry.groups)

    def items(self, call: Call[Any, ExactOperands]) -> Items:
        """Return the images."""
        return [(number,) for number in range(len(call.x))]

    def worker(self, call: Call[Any, ExactOperands], _workspace: Workspace) -> Worker:
        """Return what convolves one image; its sums are made by an execution of their own."""
        images = _Images(call.plan, call.operands)
        return lambda item: images.convolve(call.x[item], call.out[item])


class _Images:
    """Convolves images with the same parameters."""

    def __init__(self, plan: Plan[Any], operands: ExactOperands) -> None:
        self._plan, self._operands = plan, operands
        self._geometry, self._sums = plan.approximation.geometry, execution_of(plan.approximation)
        self._component = component_dtype(plan.dtype)

    def convolve(self, image: Array, out: Array) -> None:
        """Fill an output (out_channels, Ho, Wo) from an image."""
        self._store(self._convolved(self._padded(image)), out)

    def _padded(self, image: Array) -> Array:
        """Return an image with its padding in real float64 numbers (channels, H, W)."""
        geometry = self._plan.problem.geometry
        strip = gathered_tile(self._plan, image, Tile(0, 0, geometry.height.output, geometry.width.output))[0]
        return real_channels(strip, geometry.groups)

    def _store(self, result: Array, out: Array) -> None:
        """Store real numbers (filters, Ho * Wo) in an output (out_channels, Ho, Wo)."""
        if components(self._plan.dtype) == 1:
            out[...] = result.reshape(out.shape)
            return
        parts = result.reshape(self._geometry.groups, 2, -1)
        out.real, out.imag = (parts[:, one].reshape(out.shape) for one in (0, 1))

    def _convolved(self, image: Array) -> Array:
        """Return the output of a padded image as (filters, Ho * Wo) of the component's type."""
        operands = self._operands
        if operands.marked is None and np.isfinite(image).all():
            return self._of_finite(image)
        marked = operands.marked or marked_parameters(operands.weight, operands.bias)
        special = self._sums(marks(image)[None], marked)[0].reshape(len(operands.weight), -1)
        result = self._of_finite(finite_part(image))
        places = ~np.isfinite(special)
        result[places] = _with_one_nan(special[places], self._component)
        return result

    def _of_finite(self, image: Array) -> Array:
        """Do as `_convolved` where all operands are finite."""
        geometry, operands = self._geometry, self._operands
        terms = Terms(geometry, image, operands.weight, operands.bias, self._component != "float64")
        result = np.empty((len(operands.weight), self._sums.plan.problem.pixels), numpy_dtype(self._component))
        doubtful = np.arange(result.size)
        if terms.exact_products:
            sums = self._sums(image[None], operands.parameters)[0].reshape(geometry.groups, -1, result.shape[1])
            doubtful = self._rounded(sums, image, result)
        if len(doubtful):
            result.reshape(-1)[doubtful] = exact_elements(terms, doubtful, self._component)
        return result

    def _rounded(self, sums: Array, image: Array, result: Array) -> Array:
        """Round sums (groups, filters, pixels) of an image to `result`; return the flat indices of those in doubt."""
        geometry, bounds = self._geometry, self._operands.bounds
        norms = None if adds_exactly(image, geometry, bounds) else window_norms(image, geometry)
        of_filters, of_biases = (one.reshape(geometry.groups, -1, 1) for one in (bounds.norms, bounds.biases))
        grouped, doubtful = result.reshape(sums.shape), [np.empty(0, np.int64)]
        numbers = np.arange(result.size).reshape(sums.shape)
        for block in blocks_of(sums.shape):
            if norms is None:
                grouped[block] = rounded(sums[block], self._component)
                continue
            margin = of_filters[block[:2]] * norms[block[0], :, block[2]]
            margin += of_biases[block[:2]]
            least = rounded(sums[block] - margin, self._component)
            margin += sums[block]
            grouped[block] = least
            unequal = bits_of(least) != bits_of(rounded(margin, self._component))
            if unequal.any():
                doubtful.append(numbers[block][unequal])
        return np.concatenate([*doubtful, self._perhaps_negative_zeros(image, result)])

    def _perhaps_negative_zeros(self, image: Array, result: Array) -> Array:
        """Return the flat indices of zeros that may have to be -0: all terms of such a sum have a sign."""
        bounds = self._operands.bounds
        if not bounds.may_be_negative_zero.any() or np.count_nonzero(result) == result.size:
            return np.empty(0, np.int64)
        filters, pixels = np.nonzero((result == 0) & bounds.may_be_negative_zero[:, None])
        signs = window_signs(image, self._geometry)[:, 0]
        group = filters // (len(result) // self._geometry.groups)
        some = signs[group, pixels] == bounds.positive[filters]
        indices: Array = filters[some] * result.shape[1] + pixels[some]
        return indices


def blocks_of(shape: tuple[int, ...]) -> Iterator[tuple[slice, slice, slice]]:
    """Yield parts of sums (groups, filters, pixels) that stay in L2, the last axis whole where it can be."""
    steps, left = [], SUMS_TOGETHER
    for size in reversed(shape):
        steps.append(max(1, min(size, left)))
        left //= max(1, size)
    groups, filters, pixels = (range(0, size, step) for size, step in zip(shape, reversed(steps), strict=True))
    for group in groups:
        for one in filters:
            for pixel in pixels:
                yield (
                    slice(group, group + groups.step),
                    slice(one, one + filters.step),
                    slice(pixel, pixel + pixels.step),
                )


def _with_one_nan(values: Array, dtype: str) -> Array:
    """Return infinities and NaNs in a real type, each NaN as the quiet one."""
    element = numpy_dtype(dtype)
    result = values.astype(element)
    bits_of(result)[np.isnan(values)] = FLOAT_FORMATS[dtype].quiet_nan
    return result


KERNEL: Kernel[Any, ExactOperands] = ExactKernel()
