"""One layer on one input, under a name: what is measured, and the class that its figures are averaged in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.arithmetic.counts import macs
from conv2d_cli.layer.forward import BATCHED, geometry_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.layer.model import Conv2d

LARGE_PLANE, SMALL_PLANE, POINTWISE = "dense 3x3 large plane", "dense 3x3 small plane", "pointwise"
OTHER_DENSE, GROUPED, DEPTHWISE, FEW_CHANNELS, TINY = "other dense", "grouped", "depthwise", "few channels", "tiny"
CLASSES = (LARGE_PLANE, SMALL_PLANE, OTHER_DENSE, POINTWISE, GROUPED, DEPTHWISE, FEW_CHANNELS, TINY)

# Below this a call takes under 0.1 ms on one core, and what it costs to call at all is a large part of that.
_TINY_MACS = 1_200_000
_MANY_CHANNELS = 64
_LARGE_SIDE = 28
_FEW_CHANNEL_PAIRS, _LARGE_KERNEL, _LARGE_IMAGE = 9, 11, 256


class Case(NamedTuple):
    """A layer and the shape (N, C, H, W) of its input."""

    name: str
    layer: Conv2d
    input_shape: tuple[int, int, int, int]

    @property
    def geometry(self) -> Geometry:
        """Return the layer on its input."""
        return geometry_of(self.layer, self.input_shape)

    @property
    def layer_class(self) -> str:
        """Return the class of the layer, one of `CLASSES`."""
        return class_of(self.geometry)


def class_of(geometry: Geometry) -> str:
    """Return the class of a layer: engines differ between classes far more than within one."""
    axes = (geometry.height, geometry.width)
    if geometry.groups > 1:
        return DEPTHWISE if geometry.groups == geometry.in_channels else GROUPED
    if macs(geometry) < _TINY_MACS:
        return TINY
    kernels = {axis.kernel for axis in axes}
    if kernels == {1}:
        return POINTWISE
    dense = kernels == {3} and all(axis.stride == axis.dilation == 1 for axis in axes)
    if dense and min(geometry.in_channels, geometry.out_channels) >= _MANY_CHANNELS:
        return LARGE_PLANE if min(axis.output for axis in axes) >= _LARGE_SIDE else SMALL_PLANE
    pairs = geometry.in_channels * geometry.out_channels
    if (
        pairs <= _FEW_CHANNEL_PAIRS
        and min(kernels) >= _LARGE_KERNEL
        and min(axis.size for axis in axes) >= _LARGE_IMAGE
    ):
        return FEW_CHANNELS
    return OTHER_DENSE


def case_of(layer: Conv2d, input_shape: Sequence[int]) -> Case:
    """Return a layer on an input, batched or not, under a name made of what matters: `64-128 3x3@56 s2`.

    Raises:
        ShapeError: the layer cannot take such an input.
    """
    channels, height, width = input_shape[-3:]
    shape = (input_shape[0] if len(input_shape) == BATCHED else 1, channels, height, width)
    geometry_of(layer, input_shape)
    size = str(height) if height == width else f"{height}x{width}"
    stride, dilation = (str(one) if one == other else f"{one}x{other}" for one, other in (layer.stride, layer.dilation))
    parts = {"s": stride, "d": dilation, "g": str(layer.groups)}
    kernel = "x".join(map(str, layer.kernel_size))
    name = f"{layer.in_channels}-{layer.out_channels} {kernel}@{size}"
    return Case(" ".join([name, *(f"{key}{value}" for key, value in parts.items() if value != "1")]), layer, shape)
