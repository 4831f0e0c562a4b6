"""Parameters, multiply-adds and bytes of one convolution. `macs` counts taps on padding; no count includes the bias."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from conv2d_cli.arithmetic.geometry import Geometry


def weight_shape(
    out_channels: int, in_channels: int, groups: int, kernel: tuple[int, int]
) -> tuple[int, int, int, int]:
    """Return `(out_channels, in_channels / groups, kh, kw)`.

    >>> weight_shape(64, 32, 2, (3, 5))
    (64, 16, 3, 5)
    """
    return (out_channels, in_channels // groups, *kernel)


def macs(geometry: Geometry) -> int:
    """Return `N * out_channels * Ho * Wo * K`: one multiply with its add is one; taps on padding are counted."""
    return prod(geometry.batched_output_shape) * geometry.taps_per_output


def effective_macs(geometry: Geometry) -> int:
    """Return `macs` less the taps that multiply a padded zero; it separates into one sum per axis."""
    channels = geometry.out_channels * (geometry.in_channels // geometry.groups)
    return geometry.batch * channels * geometry.height.real_taps * geometry.width.real_taps


def flops(multiply_adds: int) -> int:
    """Return the floating-point operations of multiply-adds: a multiply and an add each.

    Source: `torch.utils.flop_counter`, which leaves the bias out too.
    """
    return 2 * multiply_adds


class Counts(NamedTuple):
    """What one convolution on one input makes, works and holds, in multiply-adds, operations, additions and elements.

    `output_shape` is (N, out_channels, Ho, Wo).
    """

    output_shape: tuple[int, int, int, int]
    macs: int
    effective_macs: int
    flops: int
    bias_adds: int
    input_elements: int
    output_elements: int
    im2col_elements: int


def counts_of(geometry: Geometry, *, bias: bool, zeros: bool) -> Counts:
    """Return all counts; without `zeros` the padding holds real values, and no multiply-add is wasted on it.

    The matrix of the textbook lowering has `N * groups * K * Ho * Wo` elements: K. Chellapilla, S. Puri and P. Simard,
    "High performance convolutional neural networks for document processing", 2006.
    """
    batch, channels, rows, columns = output_shape = geometry.batched_output_shape
    pixels = batch * rows * columns
    outputs = pixels * channels
    taps = geometry.taps_per_output
    multiply_adds = outputs * taps
    return Counts(
        output_shape,
        multiply_adds,
        effective_macs(geometry) if zeros else multiply_adds,
        flops(multiply_adds),
        outputs if bias else 0,
        batch * geometry.in_channels * geometry.height.size * geometry.width.size,
        outputs,
        pixels * geometry.groups * taps,
    )


def arithmetic_intensity(operations: int, moved_bytes: int) -> float:
    """Return the operations for each byte that has to be moved at least.

    Source: S. Williams, A. Waterman and D. Patterson, "Roofline: an insightful visual performance model", 2009.
    """
    return operations / moved_bytes
