"""A layer on an input of a given shape: the checks torch makes when the layer is used, and the geometry that follows.

The order of the checks is that of torch 2.13's CPU convolution and `torch.nn.functional.pad`; what is said of an input
that does not fit is in `misfits`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from conv2d_cli.arithmetic.geometry import Geometry
from conv2d_cli.arithmetic.padding import axis_padding
from conv2d_cli.arithmetic.window import Axis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.layer.model import Conv2d

UNBATCHED, BATCHED = 3, 4
# Torch ends at 2^63; arithmetic need not, but every result must still be writable in digits.
_LARGEST_SIZE = 10**100


Sides = tuple[int, int] | None


def padding_sides(layer: Conv2d, height: int | None = None, width: int | None = None) -> tuple[Sides, Sides]:
    """Return ((top, bottom), (left, right)); an axis is None when its padding depends on a size that is not given."""
    padding = layer.padding
    if isinstance(padding, str):
        (kh, kw), (sh, sw), (dh, dw) = layer.kernel_size, layer.stride, layer.dilation
        return axis_padding(padding, height, kh, sh, dh), axis_padding(padding, width, kw, sw, dw)
    # (H, W) twice is top, left, bottom, right; four stay what they are.
    top, left, bottom, right = (*padding, *padding)[:4]
    return (top, bottom), (left, right)


def geometry_of(layer: Conv2d, input_shape: Sequence[int]) -> Geometry:
    """Return the geometry of a layer on an input of shape (N, C, H, W), or (C, H, W) unbatched.

    Raises:
        ShapeError: torch would refuse the input, or a size is not an integer of 0 or more.
    """
    shape = [*input_shape]
    if {*map(type, shape)} != {int} or min(shape) < 0 or max(shape) > _LARGEST_SIZE:
        shape = _checked_sizes(shape)
    if len(shape) not in {UNBATCHED, BATCHED}:
        raise _misfits().wrong_dimensions(layer, shape)
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
    if channels != layer.in_channels:
        raise _misfits().wrong_channels(layer, geometry, shape)
    if geometry.height.output < 1 or geometry.width.output < 1:
        raise _misfits().too_small(layer, geometry, shape)
    if batch and not (height and width):
        raise _misfits().empty_image(layer, geometry, shape)
    return geometry


def _misfits() -> Any:  # noqa: ANN401 - a module, loaded where there is a fault
    return import_module("conv2d_cli.layer.misfits")


def _checked_sizes(shape: list[int]) -> list[int]:
    """Return the sizes as Python integers; numpy's integers are as good, bools and floats are not sizes."""
    sizes = []
    for size in shape:
        index = getattr(type(size), "__index__", None)
        if isinstance(size, bool) or index is None or not 0 <= index(size) <= _LARGEST_SIZE:
            raise _misfits().no_size(size)
        sizes.append(index(size))
    return sizes


def _check_padding_source(layer: Conv2d, geometry: Geometry, shape: list[int]) -> None:
    """Check that the padding can be made out of the input: torch pads before it looks at anything else."""
    mode = layer.padding_mode
    if mode != "circular" and 0 in shape[-3:]:
        raise _misfits().nothing_to_pad_with(layer, geometry, shape)
    # torch looks at the width first, and at the height first where it wraps around.
    axes = {"reflect": (geometry.width, geometry.height), "circular": (geometry.height, geometry.width)}
    for axis in axes.get(mode, ()):
        if max(axis.before, axis.after) > axis.size - (mode == "reflect"):
            raise _misfits().too_much_padding(layer, geometry, shape, axis is geometry.height)
