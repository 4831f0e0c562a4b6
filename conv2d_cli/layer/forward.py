"""A layer on an input of a given shape: the checks torch makes when the layer is used, and the geometry that follows.

The order of the checks and their wording are those of torch 2.13's CPU convolution and `torch.nn.functional.pad`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.arithmetic.geometry import Geometry
from conv2d_cli.arithmetic.padding import axis_padding
from conv2d_cli.arithmetic.window import Axis
from conv2d_cli.errors import ShapeError
from conv2d_cli.layer.rules import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.layer.model import Conv2d
    from conv2d_cli.layer.rules import LayerValues

    # Both have torch's attribute names; the second costs nothing to import.
    Layer = Conv2d | LayerValues

UNBATCHED, BATCHED = 3, 4
# Torch ends at 2^63; arithmetic need not, but every result must still be writable in digits.
_LARGEST_SIZE = 10**100


Sides = tuple[int, int] | None


def padding_sides(layer: Layer, height: int | None = None, width: int | None = None) -> tuple[Sides, Sides]:
    """Return ((top, bottom), (left, right)); an axis is None when its padding depends on a size that is not given."""
    padding = layer.padding
    if isinstance(padding, str):
        (kh, kw), (sh, sw), (dh, dw) = layer.kernel_size, layer.stride, layer.dilation
        return axis_padding(padding, height, kh, sh, dh), axis_padding(padding, width, kw, sw, dw)
    if len(padding) == len(("H", "W")):
        return (padding[0], padding[0]), (padding[1], padding[1])
    top, left, bottom, right = padding
    return (top, bottom), (left, right)


def geometry_of(layer: Layer, input_shape: Sequence[int]) -> Geometry:
    """Return the geometry of a layer on an input of shape (N, C, H, W), or (C, H, W) unbatched.

    Raises:
        ShapeError: torch would refuse the input, or a size is not an integer of 0 or more.
    """
    shape = [*input_shape]
    if {*map(type, shape)} != {int} or min(shape) < 0 or max(shape) > _LARGEST_SIZE:
        shape = _checked_sizes(shape)
    if len(shape) not in {UNBATCHED, BATCHED}:
        raise _wrong_dimensions(layer, shape)
    batch, channels, height, width = shape if len(shape) == BATCHED else (1, *shape)
    rows, columns = padding_sides(layer, height, width)
    assert rows is not None  # noqa: S101 - both sizes are known
    assert columns is not None  # noqa: S101
    (kh, kw), (sh, sw), (dh, dw) = layer.kernel_size, layer.stride, layer.dilation
    geometry = Geometry(
        batch,
        layer.in_channels,
        layer.out_channels,
        layer.groups,
        Axis(height, kh, sh, dh, *rows),
        Axis(width, kw, sw, dw, *columns),
    )
    if layer.padding_mode != "zeros":
        _check_padding_source(layer, geometry, shape)
    _check_channels(layer, geometry, channels)
    _check_window(geometry)
    if batch and not (height and width):
        raise ShapeError(
            f"Only zero batch or zero channel inputs are supported, but got input shape: {_listed(geometry)}",
            "height and width must be 1 or more",
        )
    return geometry


def _checked_sizes(shape: list[int]) -> list[int]:
    """Return the sizes as Python integers; numpy's integers are as good, bools and floats are not sizes."""
    sizes = []
    for size in shape:
        index = getattr(type(size), "__index__", None)
        if isinstance(size, bool) or index is None or not 0 <= index(size) <= _LARGEST_SIZE:
            raise ShapeError(f"{shown(size)} is no size of an input", "sizes are integers from 0 to 10^100")
        sizes.append(index(size))
    return sizes


def _listed(geometry: Geometry) -> list[int]:
    return list(geometry.batched_input_shape)


def _wrong_dimensions(layer: Layer, shape: list[int]) -> ShapeError:
    message = f"Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: {shape}"
    if layer.padding_mode != "zeros":
        message = f"Padding size 4 is not supported for {len(shape)}D input tensor. {message}"
    channels = layer.in_channels
    return ShapeError(message, f"give {channels},H,W for one image without a batch, or N,{channels},H,W")


def _check_padding_source(layer: Layer, geometry: Geometry, shape: list[int]) -> None:
    """Check that the padding can be made out of the input: torch pads before it looks at anything else."""
    mode = layer.padding_mode
    if mode != "circular" and 0 in shape[-3:]:
        raise ShapeError(
            "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, "
            f"but got: {shape}",
            "channels, height and width must be 1 or more",
        )
    sides = {-1: geometry.width, -2: geometry.height}
    if mode == "reflect":
        for place, axis in sides.items():
            if max(axis.before, axis.after) >= axis.size:
                dimension = len(shape) + place
                raise ShapeError(
                    f"Argument #{2 - 2 * place}: Padding size should be less than the corresponding input dimension, "
                    f"but got: padding ({axis.before}, {axis.after}) at dimension {dimension} of input {shape}",
                    f"pad with at most {axis.size - 1} there, or use padding_mode=replicate, which has no limit",
                )
    elif mode == "circular" and any(max(axis.before, axis.after) > axis.size for axis in sides.values()):
        height, width = geometry.height.size, geometry.width.size
        raise ShapeError(
            f"Padding value causes wrapping around more than once. The input is {height} x {width}",
            f"pad with at most {height} rows and {width} columns, or use padding_mode=replicate, which has no limit",
        )


def _check_channels(layer: Layer, geometry: Geometry, channels: int) -> None:
    if channels == layer.in_channels:
        return
    size = [geometry.batch, channels, geometry.height.size, geometry.width.size]
    if layer.padding_mode != "zeros":
        size[2:] = geometry.height.padded, geometry.width.padded
    raise ShapeError(
        f"Given groups={layer.groups}, weight of size {list(geometry.weight_shape)}, expected input{size} "
        f"to have {layer.in_channels} channels, but got {channels} channels instead",
        f"this layer takes {layer.in_channels} channels: N,{layer.in_channels},H,W or {layer.in_channels},H,W",
    )


def _check_window(geometry: Geometry) -> None:
    height, width = geometry.height, geometry.width
    if height.padded >= height.effective_kernel and width.padded >= width.effective_kernel:
        return
    least = [max(0, axis.effective_kernel - axis.before - axis.after) for axis in (height, width)]
    raise ShapeError(
        f"Calculated padded input size per channel: ({height.padded} x {width.padded}). "
        f"Kernel size: ({height.effective_kernel} x {width.effective_kernel}). "
        "Kernel size can't be greater than actual input size",
        f"with this padding the image must be at least {max(least[0], 1)}x{max(least[1], 1)}",
    )
