"""Parameters, multiply-adds and bytes of one convolution. `macs` counts taps on padding; no count includes the bias."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conv2d_cli.arithmetic.geometry import Geometry


def weight_parameters(out_channels: int, in_channels: int, groups: int, kernel: tuple[int, int]) -> int:
    """Return `out_channels * in_channels / groups * kh * kw`."""
    return out_channels * (in_channels // groups) * kernel[0] * kernel[1]


def macs(geometry: Geometry) -> int:
    """Return `N * out_channels * Ho * Wo * K`: one multiply with its add is one; taps on padding are counted."""
    return prod(geometry.batched_output_shape) * geometry.taps_per_output


def effective_macs(geometry: Geometry) -> int:
    """Return `macs` less the taps that multiply a padded zero; it separates into one sum per axis."""
    channels = geometry.out_channels * (geometry.in_channels // geometry.groups)
    return geometry.batch * channels * geometry.height.real_taps * geometry.width.real_taps


def im2col_elements(geometry: Geometry) -> int:
    """Return `N * groups * K * Ho * Wo`: elements of the matrix that the textbook lowering would make.

    Source: K. Chellapilla, S. Puri and P. Simard, "High performance convolutional neural networks for document
    processing", 2006.
    """
    return geometry.batch * geometry.groups * geometry.taps_per_output * geometry.height.output * geometry.width.output
