"""Distances in units in the last place: how many numbers of a type lie between two."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.dtypes import DTYPES
from conv2d_cli.jobs.compare.workspace import Workspace

if TYPE_CHECKING:
    Array = np.ndarray[Any, Any]

_HALF_A_BFLOAT, _BFLOAT_BITS = 0x7FFF, 16
_MOST_STEPS = 2.0**63


def ulp_distances(expected: Array, actual: Array, dtype: str, workspace: Workspace | None = None) -> Array:
    """Return how many steps of `dtype` lie between two flat arrays of values, as unsigned integers.

    Values of a finer type are rounded to it first. +0 and -0 are 0 apart, the largest number and infinity 1; of complex
    numbers the larger distance of the two components; of integers the difference. NaN has no distance: what stands
    there is to be left out. With a workspace the result is in it, and lost with the next call.

    Source: ordered integers of IEEE 754 numbers, https://randomascii.wordpress.com/2012/02/25.

    >>> ulp_distances(np.float32([1, -0.0, 0]), np.float32([1 + 2**-22, 0, -(2.0**-149)]), "float32")
    array([2, 0, 1], dtype=uint32)
    """
    if DTYPES[dtype].kind == "c":
        component = "float32" if dtype == "complex64" else "float64"
        one, other = (_components(values, component) for values in (expected, actual))
        larger: Array = ulp_distances(one, other, component, workspace).reshape(-1, 2).max(axis=1)
        return larger
    workspace = workspace or Workspace()
    if expected.dtype != actual.dtype and DTYPES[dtype].kind in "iub":
        # Of int64 and uint64 there is no common type of integers.
        expected, actual = (values.astype(np.result_type(expected, actual)) for values in (expected, actual))
        if expected.dtype.kind == "f":
            steps: Array = np.abs(expected - actual).clip(max=_MOST_STEPS).astype(np.uint64)
            return steps
    if DTYPES[dtype].kind == "f":
        expected, actual = (
            _ordered(_bits(values, dtype), name, workspace) for values, name in ((expected, "one"), (actual, "other"))
        )
    # In two's complement the difference of any two is right as an unsigned one.
    more, less = (workspace.of(name, expected.size, expected.dtype) for name in ("more", "less"))
    np.maximum(expected, actual, out=more)
    more -= np.minimum(expected, actual, out=less)
    unsigned: Array = more.view(f"u{more.itemsize}")
    return unsigned


def bit_lengths(distances: Array) -> list[int]:
    """Return how many distances have 0, 1, 2, ... bits: those that are 0, 1, 2 to 3, 4 to 7, and so on.

    >>> bit_lengths(np.uint32([0, 1, 1, 3, 4]))
    [1, 2, 1, 1]
    """
    most = int(distances.max()).bit_length() if distances.size else 0
    # One type throughout: NumPy would compare as float64 otherwise.
    at_least = [int(np.count_nonzero(distances >= distances.dtype.type(1 << bit))) for bit in range(most)]
    return [more - fewer for more, fewer in pairwise([distances.size, *at_least, 0])]


def _components(values: Array, component: str) -> Array:
    dense = np.ascontiguousarray(values, dtype=f"complex{2 * int(component[len('float') :])}")
    return dense.view(component)


def _bits(values: Array, dtype: str) -> Array:
    """Return the bits of values in a type, as signed integers."""
    with np.errstate(over="ignore", invalid="ignore"):
        if dtype != "bfloat16":
            return values.astype(dtype, copy=False).view(f"i{DTYPES[dtype].bytes}")
        bits = values.astype(np.float32, copy=False).view(np.uint32)
        # The upper half of a float32, rounded to even.
        rounded = (bits + (_HALF_A_BFLOAT + (bits >> _BFLOAT_BITS & 1))) >> _BFLOAT_BITS
        return rounded.astype(np.uint16).view(np.int16)


def _ordered(bits: Array, name: str, workspace: Workspace) -> Array:
    """Return integers in the order of the numbers that have these bits: negative ones count downwards from 0."""
    width = 8 * bits.itemsize
    sign, ordered = (workspace.of(one, bits.size, bits.dtype) for one in ("sign", name))
    np.right_shift(bits, width - 1, out=sign)
    np.bitwise_and(bits, bits.dtype.type(2 ** (width - 1) - 1), out=ordered)
    ordered ^= sign
    ordered -= sign
    return ordered
