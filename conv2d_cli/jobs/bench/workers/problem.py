"""The arrays of one layer, drawn alike in every worker, and the judgement of an output against float64."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.layer.forward import geometry_of
from conv2d_cli.layer.model import layer_from

if TYPE_CHECKING:
    Array = np.ndarray[Any, Any]

PAD_MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
# The reference is worked out for some pixels in all channels: the most products, and the most elements of windows.
_MOST_PRODUCTS, _MOST_ELEMENTS = 1 << 27, 1 << 22
_LEAST_PIXELS = 16


class Problem:
    """One layer as engines take it: arrays, and arguments by torch's names. `sides` is (top, bottom), (left, right)."""

    def __init__(self, layer: dict[str, Any], input_shape: list[int], seed: int) -> None:
        """Draw input, weight and bias; the weight is as a network has it, so that outputs are near 1."""
        self.layer = layer_from(layer)
        self.geometry = geometry_of(self.layer, input_shape)
        self.dtype = np.dtype(self.layer.dtype or "float32")
        self.stride, self.dilation, self.groups = self.layer.stride, self.layer.dilation, self.layer.groups
        height, width = self.geometry.height, self.geometry.width
        self.sides = (height.before, height.after), (width.before, width.after)
        random = np.random.default_rng(seed)
        self.x = self._drawn(random, self.geometry.batched_input_shape)
        self.weight = self._drawn(random, self.geometry.weight_shape)
        self.weight *= self.dtype.type(self.geometry.taps_per_output**-0.5)
        self.bias = self._drawn(random, (self.geometry.out_channels,)) if self.layer.bias else None

    @property
    def symmetric(self) -> bool:
        """Whether both sides of each axis are padded alike, and with zeros: the case that every engine has."""
        return self.layer.padding_mode == "zeros" and all(before == after for before, after in self.sides)

    def padded(self, x: Array) -> Array:
        """Return an array of images with the layer's padding around them."""
        if not any(map(any, self.sides)):
            return x
        mode: Any = PAD_MODES[self.layer.padding_mode]
        return np.pad(x, ((0, 0), (0, 0), *self.sides), mode)

    def _drawn(self, random: np.random.Generator, shape: tuple[int, ...]) -> Array:
        kind: Any = self.dtype.type
        return random.standard_normal(shape, kind)


def error_units(problem: Problem, output: Array) -> float:
    """Return the largest error of an output, in units of `eps * (sum|x||w| + |b|)`; large ones are judged by sample."""
    geometry = problem.geometry
    batch, channels, height, width = geometry.batched_output_shape
    if output.shape != (batch, channels, height, width):
        raise ValueError(f"the output has shape {output.shape}, not {geometry.batched_output_shape}")
    pixels = _pixels(problem, batch * height * width)
    images, rest = np.divmod(pixels, height * width)
    rows, columns = np.divmod(rest, width)
    windows = _windows(problem, images, rows, columns)
    weight = problem.weight.astype(np.float64).reshape(problem.groups, channels // problem.groups, -1)
    exact = np.matmul(weight, windows).reshape(channels, -1)
    magnitude = np.matmul(np.abs(weight), np.abs(windows)).reshape(channels, -1)
    if problem.bias is not None:
        bias = problem.bias.astype(np.float64)[:, None]
        exact += bias
        magnitude += np.abs(bias)
    error = np.abs(output[images, :, rows, columns].T - exact)
    if (error[magnitude == 0] != 0).any():
        return float("inf")
    units = error / np.where(magnitude == 0, 1, magnitude) / float(np.finfo(problem.dtype).eps)
    return float(units.max(initial=0))


def _pixels(problem: Problem, count: int) -> Array:
    """Return the numbers of the output pixels that are judged: all of them, or a sample that is always the same."""
    geometry = problem.geometry
    taps = geometry.taps_per_output
    by_products = _MOST_PRODUCTS // (geometry.out_channels * taps)
    by_elements = _MOST_ELEMENTS // (geometry.groups * taps)
    some = max(_LEAST_PIXELS, min(by_products, by_elements))
    if count <= some:
        return np.arange(count)
    return np.sort(np.random.default_rng(0).choice(count, some, replace=False))


def _windows(problem: Problem, images: Array, rows: Array, columns: Array) -> Array:
    """Return the windows of pixels in float64, (groups, taps, pixels)."""
    height, width = problem.geometry.height, problem.geometry.width
    padded = problem.padded(problem.x)
    down = rows[:, None] * height.stride + np.arange(height.kernel) * height.dilation
    across = columns[:, None] * width.stride + np.arange(width.kernel) * width.dilation
    windows = padded[images[:, None, None], :, down[:, :, None], across[:, None, :]]
    # (pixels, kh, kw, channels) to (channels, kh, kw, pixels)
    ordered = windows.transpose(3, 1, 2, 0).astype(np.float64)
    return ordered.reshape(problem.groups, problem.geometry.taps_per_output, len(images))
