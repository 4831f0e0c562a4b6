"""What an exact convolution is made of, on integers: a convolution in float64 of a padded image, and what it holds."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.dtypes import DTYPES, component_dtype
from conv2d_cli.engine.planning.tiling import tile_geometry

if TYPE_CHECKING:
    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.engine.planning.problem import Problem

# Terms that elements in doubt are summed from at a time, and sums that are looked at together. NumPy has 25 us of calls
# for each block of those: with a quarter of them small layers took a tenth longer.
TERMS_TOGETHER, SUMS_TOGETHER = 1 << 15, 1 << 16
# Bytes for each of them: factors, products, what those lack, sums; a margin, the other end, whether both are equal.
_TERM_BYTES, _SUM_BYTES = 160, 32
# Up to this number of products the bound by the largest magnitude leaves few elements of most data in doubt.
FEW_PRODUCTS = 512
_FLOAT64_BYTES, _FLOAT64_BITS = 8, 53


def real_geometry(geometry: Geometry, dtype: str) -> Geometry:
    """Return one image's geometry in real numbers: components of complex numbers are channels of their own.

    A group has its real input channels before its imaginary ones, and its filters for real parts before those for
    imaginary parts. The padding is part of the input, as in a tile.
    """
    padded = tile_geometry(geometry, geometry.height.output, geometry.width.output)
    parts = components(dtype)
    return padded._replace(in_channels=parts * geometry.in_channels, out_channels=parts * geometry.out_channels)


def components(dtype: str) -> int:
    """Return the real numbers that make an element: one, or two of a complex number."""
    return 2 if DTYPES[dtype].kind == "c" else 1


def first_sums_of(problem: Problem) -> Problem:
    """Return the convolution that algorithms carry out for a problem: itself, or what an exact one begins with.

    That is one in float64, of an image with its padding.
    """
    if not problem.is_exact:
        return problem
    geometry = real_geometry(problem.geometry, problem.dtype)
    return problem._replace(geometry=geometry, padding_mode="zeros", dtype="float64", accuracy="strict")


class Slicing(NamedTuple):
    """How many slices numbers are cut into, and the bits of each; see `slices.py`."""

    bits: int
    slices: int

    def left_out(self, products: int) -> float:
        """Return a bound on what the sum of a number of products lacks, their factors being 1 at most.

        The second part is what adding the sums of slices in doubled precision loses.
        """
        return products * ((self.slices + 1) * 2.0 ** (-self.slices * self.bits - 1) + 2.0**-96)


def slicing_of(products: int) -> Slicing:
    """Return the fewest slices that leave few sums of most data in doubt: 16 bits beyond the rounding of a usual sum.

    Of K terms of either sign the sum is about sqrt(K) of them.

    >>> slicing_of(576)
    Slicing(bits=20, slices=4)
    """
    wanted = _FLOAT64_BITS + 16 + products.bit_length() // 2
    for count in range(2, _FLOAT64_BITS):
        bits = (_FLOAT64_BITS - (products * count - 1).bit_length()) // 2
        if bits * count >= wanted:
            break
    return Slicing(bits, count)


def held_itemsize(dtype: str, *, exact: bool) -> int:
    """Return the bytes that are held of an element of an image or an output: itself and, where exact, some numbers."""
    numbers = 2 + max(_copies(dtype)) if exact else 0
    return DTYPES[dtype].bytes + numbers * _FLOAT64_BYTES * components(dtype)


def _copies(dtype: str) -> tuple[int, int, int]:
    """Return how many times an image, its output and the weight are held in float64: for slices of float64 often."""
    slices = 4
    return (slices + 3, slices + 5, slices + 2) if component_dtype(dtype) == "float64" else (1, 1, 1)


def held_bytes(problem: Problem) -> int:
    """Return what exact arithmetic holds of an image beside its first sums' workspace, for most data; none else."""
    if not problem.is_exact:
        return 0
    geometry = real_geometry(problem.geometry, problem.dtype)
    parts = _elements(geometry)
    gathered = parts[0] if components(problem.dtype) > 1 else 0
    copies = sum(number * elements for number, elements in zip(_copies(problem.dtype), parts, strict=True))
    held = _FLOAT64_BYTES * (copies + gathered) + _SUM_BYTES * SUMS_TOGETHER
    if geometry.taps_per_output <= FEW_PRODUCTS:
        return held
    return held + _FLOAT64_BYTES * _plane_elements(geometry, problem.dtype) + _TERM_BYTES * TERMS_TOGETHER


def doubtful_bytes(problem: Problem) -> int:
    """Return what is held beside that where data leave all sums in doubt, or where an operand is not finite.

    There is an index for each sum, or a number and a mask; the bound's planes, or an image and a weight once more.
    """
    geometry = real_geometry(problem.geometry, problem.dtype)
    image, output, weight = _elements(geometry)
    again = max(_plane_elements(geometry, problem.dtype), image + weight)
    return _FLOAT64_BYTES * (output + again) + output + _TERM_BYTES * TERMS_TOGETHER


def _plane_elements(geometry: Geometry, dtype: str) -> int:
    """Return the elements of squares summed over channels, then over rows of windows, then over windows."""
    height, width = geometry.height, geometry.width
    return (
        geometry.groups * components(dtype) * (height.size * width.size + height.output * (width.size + width.output))
    )


def _elements(geometry: Geometry) -> tuple[int, int, int]:
    """Return the elements of an image, its output and the weight."""
    return prod(geometry.batched_input_shape), prod(geometry.batched_output_shape), prod(geometry.weight_shape)
