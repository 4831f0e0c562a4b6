"""`analyze`: a layer, and the shape of its input when there is one, to the facts about it."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from conv2d_cli.arithmetic.counts import effective_macs, im2col_elements, weight_parameters
from conv2d_cli.arithmetic.window import effective_kernel
from conv2d_cli.dtypes import DEFAULT_DTYPE, DTYPES
from conv2d_cli.layer.forward import BATCHED, geometry_of, padding_sides
from conv2d_cli.report.shape import ShapeReport

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.layer.forward import Layer

_UNKNOWN = (None, None)


def analyze(layer: Layer, input_shape: Sequence[int] | None = None) -> ShapeReport:
    """Return the facts about a layer; `input_shape` is (N, C, H, W), or (C, H, W) unbatched.

    Raises:
        ShapeError: the layer cannot take such an input.
    """
    dtype = DTYPES[layer.dtype or DEFAULT_DTYPE]
    kernel, dilation = layer.kernel_size, layer.dilation
    weights = weight_parameters(layer.out_channels, layer.in_channels, layer.groups, kernel)
    biases = layer.out_channels if layer.bias else 0
    parameter_bytes = (weights + biases) * dtype.bytes
    effective = (effective_kernel(kernel[0], dilation[0]), effective_kernel(kernel[1], dilation[1]))
    output_shape = macs = real_macs = flops = input_bytes = output_bytes = im2col_bytes = intensity = bias_adds = None
    rows_left = columns_left = None
    if input_shape is None:
        rows, columns = padding_sides(layer)
    else:
        geometry = geometry_of(layer, input_shape)
        height, width = geometry.height, geometry.width
        rows, columns = (height.before, height.after), (width.before, width.after)
        input_shape = tuple(map(int, input_shape))
        batched_output = geometry.batched_output_shape
        output_shape = batched_output if len(input_shape) == BATCHED else batched_output[1:]
        outputs = prod(batched_output)
        macs = outputs * geometry.taps_per_output
        flops = 2 * macs
        real_macs = effective_macs(geometry) if layer.padding_mode == "zeros" else macs
        bias_adds = outputs if layer.bias else 0
        input_bytes = prod(input_shape) * dtype.bytes
        output_bytes = outputs * dtype.bytes
        im2col_bytes = im2col_elements(geometry) * dtype.bytes
        intensity = flops / (input_bytes + parameter_bytes + output_bytes)
        rows_left, columns_left = height.unused, width.unused
    top, bottom = rows or _UNKNOWN
    left, right = columns or _UNKNOWN
    return ShapeReport(
        layer.in_channels,
        layer.out_channels,
        kernel,
        layer.stride,
        layer.padding,
        dilation,
        layer.groups,
        layer.bias,
        layer.padding_mode,
        layer.device or "cpu",
        dtype.name,
        input_shape,
        output_shape,
        (layer.out_channels, layer.in_channels // layer.groups, *kernel),
        (layer.out_channels,) if layer.bias else None,
        effective,
        top,
        bottom,
        left,
        right,
        weights + biases,
        weights,
        biases,
        macs,
        real_macs,
        bias_adds,
        flops,
        input_bytes,
        output_bytes,
        parameter_bytes,
        im2col_bytes,
        intensity,
        effective,
        rows_left,
        columns_left,
    )
