"""Carries an exact convolution out, image by image: sums in float64, then what their bound leaves in doubt."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.arithmetic.rounding import FLOAT_FORMATS
from conv2d_cli.dtypes import component_dtype
from conv2d_cli.engine.algorithms.base import BlockKernel
from conv2d_cli.engine.blocks.strips import gather, window_span
from conv2d_cli.engine.exact.bounds import adds_exactly, largest_magnitude
from conv2d_cli.engine.exact.elements import Terms, exact_elements
from conv2d_cli.engine.exact.first_sums import margins, perhaps_negative, round_sums
from conv2d_cli.engine.exact.operands import (
    ExactOperands,
    finite_part,
    flushed,
    marked_parameters,
    marks,
    real_channels,
    real_weight,
)
from conv2d_cli.engine.exact.planning import components, first_sums_of
from conv2d_cli.engine.exact.rounding import bits_of
from conv2d_cli.engine.exact.slices import round_sliced_sums
from conv2d_cli.engine.executor import execution_of
from conv2d_cli.engine.planning.plan import Plan
from conv2d_cli.numpy_dtypes import numpy_dtype

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conv2d_cli.engine.algorithms.base import Call, Items, Worker
    from conv2d_cli.engine.exact.first_sums import Margin
    from conv2d_cli.engine.executor import Parameters
    from conv2d_cli.engine.runtime.workspace import Workspace
    from conv2d_cli.numpy_dtypes import Array

# A larger part of an output in doubt is worth a closer bound.
_FEW = 1 / 256


class ExactKernel(BlockKernel):
    """An image at a time, whose first sums are an execution of their own."""

    def __init__(self, plan: Plan[Any]) -> None:
        """Work out what every call needs."""
        first = first_sums_of(plan.problem)
        self._problem, self._geometry = plan.problem, first.geometry
        self._sums = execution_of(Plan(first.geometry, first.padding_mode, first, plan.candidate, plan.fallback))
        self._component, self._parts = component_dtype(plan.dtype), components(plan.dtype)
        # Numbers below it are taken as zeros.
        self._least = FLOAT_FORMATS[self._component].smallest_normal if plan.problem.flush_subnormals else 0.0

    def prepare(self, plan: Plan[Any], weight: Array, bias: Array | None) -> ExactOperands:
        """Return the parameters in real float64 numbers, and what is known of them."""
        groups = plan.problem.geometry.groups
        real_bias = None if bias is None else flushed(real_channels(bias, groups), self._least)
        return ExactOperands(flushed(real_weight(weight, groups), self._least), real_bias, self._parts)

    def items(self, call: Call[Any, ExactOperands]) -> Items:
        """Return the images."""
        return [(number,) for number in range(len(call.x))]

    def worker(self, call: Call[Any, ExactOperands], _workspace: Workspace) -> Worker:
        """Return what convolves one image."""
        return lambda item: self._convolve_image(call.x[item], call.operands, call.out[item])

    def _convolve_image(self, image: Array, operands: ExactOperands, out: Array) -> None:
        """Fill an output (out_channels, Ho, Wo) from an image."""
        padded, rows = self._padded(image), self._geometry.out_channels
        direct = self._parts == 1
        result = out.reshape(rows, -1) if direct else np.empty((rows, out[0].size), numpy_dtype(self._component))
        self._convolve(padded, operands, result)
        if self._least:
            result[...] = flushed(result, self._least)
        if direct:
            return
        parts = result.reshape(self._geometry.groups, self._parts, -1)
        out.real, out.imag = (parts[:, one].reshape(out.shape) for one in range(self._parts))

    def _padded(self, image: Array) -> Array:
        """Return an image with its padding in real float64 numbers (channels, H, W)."""
        problem = self._problem
        height, width = problem.geometry[-2:]
        rows, columns = window_span(height, 0, height.output), window_span(width, 0, width.output)
        element = np.float64 if self._parts == 1 else np.complex128
        strip = np.empty((len(image), rows.length, columns.length), element)
        gather(image, problem.padding_mode, rows, columns, strip)
        return flushed(real_channels(strip, problem.geometry.groups), self._least)

    def _convolve(self, image: Array, operands: ExactOperands, out: Array) -> None:
        """Fill real numbers (filters, Ho * Wo) of the component's type from a padded image."""
        largest = largest_magnitude(image)
        if operands.marked is None and isfinite(largest):
            self._convolve_finite(image, largest, operands, out)
            return
        marked = operands.marked or marked_parameters(operands.parameters.weight, operands.parameters.bias)
        special = self._first_sums(marks(image), marked).reshape(out.shape)
        finite = finite_part(image)
        self._convolve_finite(finite, largest_magnitude(finite), operands, out)
        places = ~np.isfinite(special)
        out[places] = _with_one_nan(special[places], self._component)

    def _convolve_finite(self, image: Array, largest: float, operands: ExactOperands, out: Array) -> None:
        """Do as `_convolve` where all operands are finite."""
        doubtful = self._round_sums(image, largest, operands, out)
        if len(doubtful):
            filters, exact_products = operands.filters, self._component != "float64"
            terms = Terms(self._geometry, image, filters.weight, filters.bias, exact_products)
            out.reshape(-1)[doubtful] = exact_elements(terms, doubtful, self._component)

    def _round_sums(self, image: Array, largest: float, operands: ExactOperands, out: Array) -> Array:
        """Fill `out` with rounded sums; return the flat indices of those whose rounding is in doubt."""
        geometry, filters = self._geometry, operands.filters
        exactly = adds_exactly(image, largest, filters)
        if self._component == "float64" and not exactly:
            sliced = operands.sliced
            doubtful = round_sliced_sums(image, largest, geometry, sliced, self._first_sums, out)
        else:
            sums = self._first_sums(image, operands.parameters).reshape(geometry.groups, -1, out.shape[1])
            of_image: Iterable[Margin | None] = [None] if exactly else margins(image, largest, geometry, filters)
            for margin in of_image:
                doubtful = round_sums(sums, margin, out.reshape(sums.shape), self._component)
                if len(doubtful) <= out.size * _FEW:
                    break
        return np.concatenate([doubtful, perhaps_negative(out, image, geometry, filters)])

    def _first_sums(self, image: Array, parameters: Parameters) -> Array:
        """Return the convolution of a padded image in float64."""
        sums: Array = self._sums(image[None], parameters)[0]
        return sums


def _with_one_nan(values: Array, dtype: str) -> Array:
    """Return infinities and NaNs in a real type, each NaN as the quiet one."""
    element = numpy_dtype(dtype)
    result = values.astype(element)
    bits_of(result)[np.isnan(values)] = FLOAT_FORMATS[dtype].quiet_nan
    return result
