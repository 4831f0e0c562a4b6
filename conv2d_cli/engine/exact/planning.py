"""What an exact convolution is made of, on integers: a convolution in float64 of a padded image, and what it holds."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from conv2d_cli.dtypes import DTYPES
from conv2d_cli.engine.planning.tiling import tile_geometry

if TYPE_CHECKING:
    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.engine.planning.problem import Problem

# Terms that elements in doubt are summed from at a time, and sums that are looked at together: both stay in L2.
TERMS_TOGETHER, SUMS_TOGETHER = 1 << 16, 1 << 14
# What is held for each of them: terms and their errors, sums with two ends of an interval.
_TERM_BYTES, _SUM_BYTES = 80, 48
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


def component_dtype(dtype: str) -> str:
    """Return the type of an element's components: its own, unless it is complex."""
    return {"complex64": "float32", "complex128": "float64"}.get(dtype, dtype)


def approximated(problem: Problem) -> Problem:
    """Return the convolution in float64 that an exact one begins with."""
    geometry = real_geometry(problem.geometry, problem.dtype)
    return problem._replace(geometry=geometry, padding_mode="zeros", dtype="float64", accuracy="strict")


def held_bytes(problem: Problem) -> int:
    """Return what an exact convolution holds of an image beside its first sums' workspace."""
    geometry = real_geometry(problem.geometry, problem.dtype)
    elements = prod(geometry.batched_input_shape) + prod(geometry.batched_output_shape) + prod(geometry.weight_shape)
    return _FLOAT64_BYTES * elements + _TERM_BYTES * TERMS_TOGETHER + _SUM_BYTES * SUMS_TOGETHER
