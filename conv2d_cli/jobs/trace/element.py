"""One output element of a layer on an input, term by term."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from conv2d_cli.engine.api import check_dtypes
from conv2d_cli.errors import MemoryLimitError, ShapeError
from conv2d_cli.jobs.trace.terms import numbers, sums_of
from conv2d_cli.jobs.trace.window import Window, window_of
from conv2d_cli.layer.forward import BATCHED, geometry_of
from conv2d_cli.layer.from_weight import check_bias, check_weight
from conv2d_cli.limits import TRACE_TERMS
from conv2d_cli.numpy_dtypes import Array, dtype_name
from conv2d_cli.report.trace import TermRow, TraceReport

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.layer.model import Conv2d


def trace_element(
    layer: Conv2d, x: ArrayLike, weight: ArrayLike, bias: ArrayLike | None = None, *, at: Sequence[int]
) -> TraceReport:
    """Return one output element of a layer, term by term.

    Args:
        layer: a `Conv2d`; its stride, padding, dilation, groups and padding mode are used.
        x: (N, in_channels, H, W), or (in_channels, H, W) unbatched; any float, complex or integer type but bool.
        weight: (out_channels, in_channels / groups, kh, kw), of the type of `x`.
        bias: (out_channels,), of the type of `x`, or None.
        at: the element, (n, c, h, w), or (c, h, w) unbatched.

    Returns:
        A report whose `terms` stand in the order of the weight: channels, kernel rows, kernel columns. BLAS adds in
        other orders; `correctly_rounded` is what `conv2d(..., accuracy="exact")` has there.

    Raises:
        ShapeError: the layer does not take that shape.
        DataError: the weight or the bias is not the layer's, or the element types differ.
        UsageError: the output has no such element.
        MemoryLimitError: it has more terms than are shown.

    >>> from conv2d_cli import Conv2d
    >>> image, kernel = np.arange(9.0).reshape(1, 3, 3), np.ones((1, 1, 2, 2))
    >>> report = trace_element(Conv2d(1, 1, 2, padding=1, bias=False), image, kernel, at=(0, 0, 1))
    >>> report.result, [(term.row, term.padded, term.value) for term in report.terms]
    (1.0, [(-1, True, 0.0), (-1, True, 0.0), (0, False, 0.0), (0, False, 1.0)])
    """
    images, filters = np.asarray(x), np.asarray(weight)
    offsets = None if bias is None else np.asarray(bias)
    geometry = geometry_of(layer, images.shape)
    check_weight(layer, filters.shape)
    if offsets is not None:
        check_bias(layer, offsets.shape)
    names = [None if array is None else dtype_name(array.dtype) for array in (filters, offsets)]
    check_dtypes(dtype_name(images.dtype), weight=str(names[0]), bias=names[1])
    batched = images.ndim == BATCHED
    check_terms(geometry)
    window = window_of(geometry, layer.padding_mode, at, batched=batched)
    values = window.read(images[window.number] if batched else images, images.dtype)
    return traced(tuple(at), window, values, (filters, offsets))


def check_terms(geometry: Geometry) -> None:
    """Check that an element has no more terms than can be shown.

    Raises:
        MemoryLimitError: it has more.
    """
    if geometry.taps_per_output > TRACE_TERMS:
        raise MemoryLimitError(
            f"an element of this layer has {geometry.taps_per_output} terms, and at most {TRACE_TERMS} are shown",
            "a layer with fewer channels a group, or a smaller kernel",
        )


def traced(
    index: tuple[int, ...], window: Window, values: Array, parameters: tuple[Array, Array | None]
) -> TraceReport:
    """Return the report of an element whose window (channels, kh, kw) has been read."""
    weight, bias = parameters
    channel = index[-3]
    kernel = np.ascontiguousarray(weight[channel]).astype(values.dtype, copy=False)
    if kernel.shape != values.shape:
        raise ShapeError(f"the kernel is {list(kernel.shape)}, the window {list(values.shape)}")
    added = None if bias is None else bias[channel]
    sums = sums_of(values.reshape(-1), kernel.reshape(-1), added)
    places = product(window.channels, window.rows, window.columns)
    terms = (
        TermRow(plane, row.position, column.position, row.is_padded or column.is_padded, *rest)
        for (plane, row, column), *rest in zip(
            places, numbers(values), numbers(kernel), sums.products, sums.running, sums.exact, strict=True
        )
    )
    return TraceReport(
        index=index,
        dtype=dtype_name(values.dtype),
        working_dtype=sums.working_dtype,
        bias=None if added is None else numbers(added)[0],
        result=sums.result,
        correctly_rounded=sums.correctly_rounded,
        terms=tuple(terms),
    )
