"""What is said of an input that a layer cannot take, and which size or layer would fit.

Sizes in hints are written as one word, `input_shape=1x3x8x8`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.arithmetic.solve import largest_kernel, least_padding, least_size
from conv2d_cli.errors import ShapeError, shown
from conv2d_cli.layer.hints import pair

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.arithmetic.window import Axis
    from conv2d_cli.layer.model import Conv2d


def no_size(size: object) -> ShapeError:
    """Return the fault of a size that is no integer of 0 or more."""
    sizes = "sizes are whole numbers from 0 to 10^100"
    return ShapeError(f"{shown(size)} is no size of an input", sizes, reason="a size is none")


def wrong_dimensions(layer: Conv2d, shape: Sequence[int]) -> ShapeError:
    """Return the fault of an input with another number of axes than 3 or 4."""
    torch = f"Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: {shown(shape)}"
    if layer.padding_mode != "zeros":
        torch = f"Padding size 4 is not supported for {len(shape)}D input tensor. {torch}"
    channels = layer.in_channels
    return ShapeError(
        f"an input has 3 axes (C, H, W) or 4 (N, C, H, W), not {len(shape)} (torch: {torch})",
        f"input_shape={channels}x224x224 (unbatched), or input_shape=8x{channels}x224x224",
        "a tensor of 3 or 4 axes; numpy.reshape adds axes of 1",
        "the input has neither three axes nor four",
    )


def empty_image(layer: Conv2d, geometry: Geometry, shape: Sequence[int]) -> ShapeError:
    """Return the fault of an image without rows or columns."""
    return ShapeError(
        "height and width must be 1 or more (torch: Only zero batch or zero channel inputs are supported, "
        f"but got input shape: {list(geometry.batched_input_shape)})",
        _size_that_fits(layer, geometry, shape),
        _other_input(layer),
        "the input has no rows or no columns",
    )


def nothing_to_pad_with(layer: Conv2d, geometry: Geometry, shape: Sequence[int]) -> ShapeError:
    """Return the fault of an empty image that is to be mirrored or repeated."""
    return ShapeError(
        f"channels, height and width must be 1 or more to pad with {layer.padding_mode} (torch: Expected 3D or 4D "
        f"(batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, but got: {shape})",
        _size_that_fits(layer, geometry, shape),
        _other_input(layer),
        "there is nothing to pad with",
    )


def too_much_padding(layer: Conv2d, geometry: Geometry, shape: Sequence[int], of_rows: bool) -> ShapeError:  # noqa: FBT001
    """Return the fault of an input that is shorter than what `reflect` or `circular` is to take of it."""
    axis, what, place = (geometry.height, "rows", -2) if of_rows else (geometry.width, "columns", -1)
    mode, asked = layer.padding_mode, max(axis.before, axis.after)
    torch = "Padding value causes wrapping around more than once."
    if mode == "reflect":
        torch = (
            f"Argument #{2 - 2 * place}: Padding size should be less than the corresponding input dimension, "
            f"but got: padding ({axis.before}, {axis.after}) at dimension {len(shape) + place} of input {shape}"
        )
    is_all = shape[-3] == layer.in_channels and _fits(geometry)
    other = f"{_padding_within(layer, geometry)}padding_mode='replicate', which has no limit"
    return ShapeError(
        f"{mode} can pad at most {axis.size - (mode == 'reflect')} {what} here, not {asked}: the input has {axis.size} "
        f"(torch: {torch})",
        # Another padding helps where it is all that is wrong.
        other if is_all else _size_that_fits(layer, geometry, shape),
        other if is_all else _other_input(layer),
        "the padding is wider than the input that it is made of",
    )


def _fits(geometry: Geometry) -> bool:
    """Whether there is an image at all, and the window fits into it."""
    return all(axis.size and axis.output >= 1 for axis in (geometry.height, geometry.width))


def _other_input(layer: Conv2d) -> str:
    return f"give an image of {layer.in_channels} channels that is no smaller than its window"


def _padding_within(layer: Conv2d, geometry: Geometry) -> str:
    """Return the padding, no more of it than the input has, where the window still fits; else nothing."""
    axes = (geometry.height, geometry.width)
    most = [axis.size - (layer.padding_mode == "reflect") for axis in axes]
    sides = [(min(axis.before, limit), min(axis.after, limit)) for axis, limit in zip(axes, most, strict=True)]
    fits = (axis.size + sum(side) >= axis.effective_kernel for axis, side in zip(axes, sides, strict=True))
    (top, bottom), (left, right) = sides
    values = [top, left] if (top, left) == (bottom, right) else [top, left, bottom, right]
    return f"padding={pair(values)}, or " if all(fits) and min(values) >= 0 else ""


def wrong_channels(layer: Conv2d, geometry: Geometry, shape: Sequence[int]) -> ShapeError:
    """Return the fault of an input with other channels than the layer's."""
    wanted, channels = layer.in_channels, shape[-3]
    size = [geometry.batch, channels, geometry.height.size, geometry.width.size]
    if layer.padding_mode != "zeros":
        size[2:] = geometry.height.padded, geometry.width.padded
    takes = channels and not channels % layer.groups and _fits(geometry)
    # Channels stand last in pictures, and in TensorFlow.
    fitting = [*shape[:-3], wanted, *shape[-3:-1]] if shape[-1] == wanted else shape
    return ShapeError(
        f"the layer takes {wanted} channels, the input has {channels} (torch: Given groups={layer.groups}, weight of "
        f"size {list(geometry.weight_shape)}, expected input{size} to have {wanted} channels, but got {channels} "
        "channels instead)",
        _size_that_fits(layer, geometry, fitting),
        f"in_channels={channels}" if takes else _other_input(layer),
        "the input has other channels than the layer",
    )


def too_small(layer: Conv2d, geometry: Geometry, shape: Sequence[int]) -> ShapeError:
    """Return the fault of a window that is larger than the padded input."""
    height, width = axes = geometry.height, geometry.width
    other = f"kernel_size={pair([min(axis.kernel, largest_kernel(axis)) for axis in axes])}"
    if layer.padding_mode in {"zeros", "replicate"}:
        # A kernel that is read from a file is what it is.
        other = f"padding={pair([least_padding(axis) for axis in axes])}"
    return ShapeError(
        f"the kernel spans {height.effective_kernel}x{width.effective_kernel}, the padded input only "
        f"{height.padded}x{width.padded} (torch: Calculated padded input size per channel: "
        f"({height.padded} x {width.padded}). Kernel size: ({height.effective_kernel} x {width.effective_kernel}). "
        "Kernel size can't be greater than actual input size)",
        _size_that_fits(layer, geometry, shape),
        other if min(height.size, width.size) else _other_input(layer),
        "the kernel is larger than the padded input",
    )


def _size_that_fits(layer: Conv2d, geometry: Geometry, shape: Sequence[int]) -> str:
    """Return the size given as a hint, with the layer's channels and as many rows and columns as it needs at least."""
    *outer, _, rows, columns = shape
    least = (least_input(axis, layer.padding_mode) for axis in (geometry.height, geometry.width))
    sizes = (max(size, needed) for size, needed in zip((rows, columns), least, strict=True))
    return f"input_shape={'x'.join(map(str, (*outer, layer.in_channels, *sizes)))}"


def least_input(axis: Axis, mode: str) -> int:
    """Return the smallest size that the window fits into and that the padding can be made of."""
    padding = max(axis.before, axis.after)
    return max(least_size(axis), {"reflect": padding + 1, "circular": padding}.get(mode, 1))
