"""Layers to be measured: a value that gives the geometry, the arrays and the arguments, and layers drawn at random."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from conv2d_cli.layer.forward import geometry_of
from conv2d_cli.layer.model import Conv2d

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.arithmetic.geometry import Geometry

    Array = np.ndarray[Any, Any]

_KERNELS = {1: 20, 2: 8, 3: 32, 5: 12, 7: 10, 11: 7, 15: 6, 31: 5}
_MOST_FLOPS, _MOST_BYTES = 2 * 10**9, 64 * 10**6
_FLOAT32_BYTES = 4


class Layer(NamedTuple):
    """One convolution on one input; a pair is (H, W)."""

    name: str
    batch: int
    in_channels: int
    size: tuple[int, int]
    out_channels: int
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1

    @property
    def arguments(self) -> dict[str, Any]:
        """Return the arguments that `conv2d` and torch take by the same names."""
        return {
            "stride": self.stride,
            "padding": self.padding,
            "dilation": self.dilation,
            "groups": self.groups,
        }

    @property
    def input_shape(self) -> tuple[int, int, int, int]:
        return (self.batch, self.in_channels, *self.size)

    @property
    def weight_shape(self) -> tuple[int, int, int, int]:
        return (self.out_channels, self.in_channels // self.groups, *self.kernel)

    @property
    def geometry(self) -> Geometry:
        """Return what the plan is made from."""
        layer = Conv2d(self.in_channels, self.out_channels, self.kernel, **self.arguments)
        return geometry_of(layer, self.input_shape)

    @property
    def fits(self) -> bool:
        """Whether the window lies within the padded image."""
        sizes = zip(self.size, self.padding, self.kernel, self.dilation, strict=True)
        return all(size + 2 * padding > dilation * (kernel - 1) for size, padding, kernel, dilation in sizes)

    def arrays(self, dtype: str = "float32") -> tuple[Array, Array]:
        """Return an input and a weight, the same each time."""
        draw = np.random.default_rng(0)
        x, weight = (draw.standard_normal(shape, np.float32) for shape in (self.input_shape, self.weight_shape))
        if dtype != "float32":
            x, weight = ((array * 9).astype(dtype) for array in (x, weight))
        return x, weight


def described(layer: Layer) -> str:
    """Return the whole layer in a few words: `2x64x56x56 -> 128 3x3 s2x2 p1x1`."""
    words = [f"{'x'.join(map(str, layer.input_shape))} -> {layer.out_channels}", "x".join(map(str, layer.kernel))]
    plain = {"s": (layer.stride, (1, 1)), "p": (layer.padding, (0, 0)), "d": (layer.dilation, (1, 1))}
    words += [f"{letter}{value[0]}x{value[1]}" for letter, (value, default) in plain.items() if value != default]
    if layer.groups != 1:
        words.append("depthwise" if layer.groups == layer.in_channels else f"g{layer.groups}")
    return " ".join(words)


def draw_layers(count: int, seed: int = 0) -> list[Layer]:
    """Return so many layers of every class, each of at most 2 GFLOP and 64 MB; the same for the same seed."""
    draw = random.Random(seed)
    layers: list[Layer] = []
    while len(layers) < count:
        layer = _drawn(draw)
        if layer.fits and _is_small(layer):
            layers.append(layer._replace(name=described(layer)))
    return layers


def _is_small(layer: Layer) -> bool:
    geometry = layer.geometry
    output = math.prod(geometry.batched_output_shape)
    flops = 2 * output * geometry.taps_per_output
    elements = output + math.prod(layer.input_shape) + math.prod(layer.weight_shape)
    return flops <= _MOST_FLOPS and elements * _FLOAT32_BYTES <= _MOST_BYTES


def _drawn(draw: random.Random) -> Layer:
    kernel, size = _pair(draw, _kernel), _pair(draw, _size)
    stride, dilation = (_pair(draw, lambda random: random.choice((1, 1, 1, 2))) for _ in range(2))
    half = (dilation[0] * (kernel[0] - 1) // 2, dilation[1] * (kernel[1] - 1) // 2)
    padding = draw.choice((half, half, half, (0, 0), (draw.randint(0, half[0]), draw.randint(0, half[1]))))
    in_channels, out_channels = _channels(draw), _channels(draw)
    kind = draw.choices(("dense", "grouped", "depthwise"), (70, 15, 15))[0]
    groups = 1
    if kind == "grouped":
        groups = draw.choice((2, 4, 8, 32))
        in_channels, out_channels = (-(-channels // groups) * groups for channels in (in_channels, out_channels))
    elif kind == "depthwise":
        groups, out_channels = in_channels, in_channels * draw.choice((1, 1, 1, 2))
    batch = draw.choice((1, 1, 2, 3, 4))
    return Layer("", batch, in_channels, size, out_channels, kernel, stride, padding, dilation, groups)


def _pair(draw: random.Random, one: Callable[[random.Random], int]) -> tuple[int, int]:
    """Return a pair, square in four of five."""
    height = one(draw)
    return height, height if draw.random() < 0.8 else one(draw)


def _kernel(draw: random.Random) -> int:
    return draw.choices([*_KERNELS], [*_KERNELS.values()])[0]


def _size(draw: random.Random) -> int:
    """Return 1 to 256, in three of four from 8 on."""
    return _log_uniform(draw, 256, least=1 if draw.random() < 0.25 else 8)


def _channels(draw: random.Random) -> int:
    """Return 1 to 512, every octave as likely as another, every second one a power of two."""
    return 2 ** draw.randint(0, 9) if draw.random() < 0.5 else _log_uniform(draw, 512)


def _log_uniform(draw: random.Random, most: int, *, least: int = 1) -> int:
    return round(math.exp(draw.uniform(math.log(least), math.log(most))))
