"""`analyze`: a layer, and the shape of its input when there is one, to the facts about it."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from conv2d_cli.arithmetic import counts
from conv2d_cli.arithmetic.window import effective_kernel
from conv2d_cli.dtypes import DEFAULT_DTYPE, DTYPES
from conv2d_cli.layer.forward import BATCHED, geometry_of, padding_sides
from conv2d_cli.layer.text import input_shape_of
from conv2d_cli.report.shape import ShapeReport

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.layer.model import Conv2d

    Size = int | str | Sequence[int]

_UNKNOWN = (None, None)


def analyze(layer: Conv2d, input_shape: Size | None = None) -> ShapeReport:
    """Return the facts about a layer, on an input when its size is given; bytes are counted in the layer's dtype.

    `input_shape` is every SIZE that the command takes: 224 or (224, 160) for one image with the layer's channels,
    (C, H, W) unbatched, (N, C, H, W), or one of these as text, "1x3x224x224".

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html (Shape)

    Raises:
        ShapeError: the layer cannot take such an input.

    >>> from conv2d_cli import Conv2d
    >>> report = analyze(Conv2d(3, 64, 7, stride=2, padding=3), 224)
    >>> report.output_shape, report.macs
    ((1, 64, 112, 112), 118013952)
    """
    dtype = DTYPES[layer.dtype or DEFAULT_DTYPE]
    kernel, dilation = layer.kernel_size, layer.dilation
    weight_shape = counts.weight_shape(layer.out_channels, layer.in_channels, layer.groups, kernel)
    weights = prod(weight_shape)
    biases = layer.out_channels if layer.bias else 0
    parameter_bytes = (weights + biases) * dtype.bytes
    effective = (effective_kernel(kernel[0], dilation[0]), effective_kernel(kernel[1], dilation[1]))
    shape = output_shape = input_bytes = output_bytes = im2col_bytes = intensity = rows_left = columns_left = None
    multiply_adds = effective_macs = flops = bias_adds = None
    if input_shape is None:
        rows, columns = padding_sides(layer)
    else:
        shape = shape_of(layer, input_shape)
        geometry = geometry_of(layer, shape)
        height, width = geometry.height, geometry.width
        rows, columns = height[4:], width[4:]
        batched_shape, multiply_adds, effective_macs, flops, bias_adds, inputs, outputs, unfolded = counts.counts_of(
            geometry, bias=layer.bias, zeros=layer.padding_mode == "zeros"
        )
        output_shape = batched_shape[len(shape) != BATCHED :]
        input_bytes, output_bytes, im2col_bytes = inputs * dtype.bytes, outputs * dtype.bytes, unfolded * dtype.bytes
        intensity = counts.arithmetic_intensity(flops, input_bytes + parameter_bytes + output_bytes)
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
        shape,
        output_shape,
        weight_shape,
        (layer.out_channels,) if layer.bias else None,
        effective,
        top,
        bottom,
        left,
        right,
        weights + biases,
        weights,
        biases,
        multiply_adds,
        effective_macs,
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


def shape_of(layer: Conv2d, size: Size) -> tuple[int, ...]:
    """Return the shape that a SIZE stands for; what is no size is refused when the layer meets it."""
    if isinstance(size, str):
        return input_shape_of(size, layer.in_channels)
    sizes: tuple[int, ...] = tuple(size) if hasattr(size, "__iter__") else (size,)
    return (1, layer.in_channels, *(sizes * 2)[:2]) if len(sizes) in {1, 2} else sizes
