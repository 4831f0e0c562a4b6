"""The kinds of data that test vectors are filled with: integers of PCG64 and nothing that may change between versions.

The one generator is `PCG64.random_raw`, seeded with the seed and the place of the tensor. What follows are integer
operations and exact divisions by powers of two, then one rounding to the element type: no other generator and no
function of libm takes part, so a seed gives the same bits everywhere.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from conv2d_cli.arithmetic.rounding import FLOAT_FORMATS
from conv2d_cli.dtypes import DTYPES
from conv2d_cli.engine.api import rounded
from conv2d_cli.errors import UsageError
from conv2d_cli.jobs.vectors.choices import INTEGERS, NORMAL, default_data
from conv2d_cli.numpy_dtypes import Array, numpy_dtype

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

INPUT, WEIGHT, BIAS = "input", "weight", "bias"
_PLACES = {INPUT: 0, WEIGHT: 1, BIAS: 2}
_REAL = {"complex64": "float32", "complex128": "float64"}
_SEED_BITS = 64
# Irwin and Hall's approximation: the sum of twelve uniform numbers has a variance of one.
_ADDED, _ADDED_BITS = 12, 24
_ADDED_MEAN = _ADDED * (2**_ADDED_BITS - 1) // 2
_DRAWN_AT_ONCE = 1 << 16
_LARGEST_SMALL = 8
_WORD_BITS = 64


class Wanted(NamedTuple):
    """A tensor to be filled: which one, its shape and element type, and the products of an output element."""

    place: str
    shape: tuple[int, ...]
    dtype: str
    taps: int


def filled(data: str, seed: int, wanted: Wanted) -> Array:
    """Return a tensor of a kind of data.

    Raises:
        UsageError: the element type has no such data.

    >>> filled("ramp", 0, Wanted("input", (1, 2, 3), "float32", 9)).tolist()
    [[[0.0, 0.125, 0.25], [0.375, 0.5, 0.625]]]
    """
    check_data(data, wanted.dtype)
    generator = np.random.PCG64(np.random.SeedSequence([seed % 2**_SEED_BITS, _PLACES[wanted.place]]))
    if data == "impulse":
        return _impulse(generator, wanted)
    real = _REAL.get(wanted.dtype)
    count = math.prod(wanted.shape)
    if real is None:
        return _KINDS[data](generator, count, wanted).reshape(wanted.shape)
    # Real and imaginary parts in turns: each is a sum of twice as many products.
    parts = wanted._replace(dtype=real, taps=2 * wanted.taps)
    return _KINDS[data](generator, 2 * count, parts).view(numpy_dtype(wanted.dtype)).reshape(wanted.shape)


def check_data(data: str, dtype: str) -> None:
    """Check that an element type can have a kind of data.

    Raises:
        UsageError: it cannot.
    """
    if data == NORMAL and DTYPES[dtype].kind in "iu":
        raise UsageError(f"--data {data}: {dtype} holds whole numbers", f"--data {INTEGERS}")


def _normal(generator: np.random.PCG64, count: int, wanted: Wanted) -> Array:
    values = np.empty(count, np.float64)
    for start in range(0, count, _DRAWN_AT_ONCE):
        part = values[start : start + _DRAWN_AT_ONCE]
        drawn = generator.random_raw(part.size * _ADDED).reshape(part.size, _ADDED) >> (_WORD_BITS - _ADDED_BITS)
        part[...] = drawn.sum(axis=1).astype(np.int64) - _ADDED_MEAN
    return rounded(values * 2.0**-_ADDED_BITS, wanted.dtype)


def _integers(generator: np.random.PCG64, count: int, wanted: Wanted) -> Array:
    """Draw whole numbers so small that every sum is one of the type's, exact in any order, where its taps allow it."""
    unsigned = DTYPES[wanted.dtype].kind == "u"
    bound = small_bound(wanted.dtype, wanted.taps)
    drawn = generator.random_raw(count) % np.uint64(bound + 1 if unsigned else 2 * bound + 1)
    return (drawn.astype(np.int64) - (0 if unsigned else bound)).astype(numpy_dtype(wanted.dtype))


def small_bound(dtype: str, taps: int) -> int:
    """Return the largest magnitude, 8 at most, of whole numbers whose sums of `taps` products and a bias fit a type.

    At least 1, with which the sums of many taps wrap in an integer type, and round in a float type.

    >>> small_bound("int8", 9), small_bound("int8", 576), small_bound("float32", 576)
    (3, 1, 8)
    """
    return max(1, min(_LARGEST_SMALL, math.isqrt(_largest_whole(dtype) // (taps + 1))))


def _largest_whole(dtype: str) -> int:
    """Return the number up to which a type holds all whole ones."""
    kind = DTYPES[dtype]
    if kind.kind in "iu":
        return (1 << 8 * kind.bytes - (kind.kind == "i")) - 1
    return 1 << FLOAT_FORMATS[dtype].precision


def _ramp(_: np.random.PCG64, count: int, wanted: Wanted) -> Array:
    """Count elements in C order, of floats in fractions below 1, so that sums stay finite; behind the range anew."""
    whole = DTYPES[wanted.dtype].kind in "iu"
    last = _largest_whole(wanted.dtype) - (not whole)
    # One less than a power of two.
    values = np.arange(count, dtype=np.uint64) & np.uint64(last)
    if whole:
        return values.astype(numpy_dtype(wanted.dtype))
    bits = min(max(0, count - 1), last).bit_length()
    return (values.astype(np.float64) * 2.0**-bits).astype(numpy_dtype(wanted.dtype))


def _impulse(generator: np.random.PCG64, wanted: Wanted) -> Array:
    """Return zeros with a single one in each image; weight and bias are drawn, so that the output shows the kernel."""
    if wanted.place != INPUT:
        return filled(default_data(wanted.dtype), int(generator.random_raw()), wanted)
    *batch, channels, height, width = wanted.shape
    images, size = math.prod(batch), channels * height * width
    values = np.zeros((images, size), numpy_dtype(wanted.dtype))
    if size:
        places = generator.random_raw(images) % np.uint64(size)
        values[np.arange(images), places.astype(np.int64)] = 1
    return values.reshape(wanted.shape)


def _extremes(generator: np.random.PCG64, count: int, wanted: Wanted) -> Array:
    """Draw among the ends of a type's range: of floats also subnormals, both zeros, and the neighbours of one."""
    patterns = np.array(_extreme_patterns(wanted.dtype), f"u{DTYPES[wanted.dtype].bytes}")
    drawn = generator.random_raw(count) >> np.uint64(_WORD_BITS // 2)
    return patterns[(drawn % np.uint64(len(patterns))).astype(np.int64)].view(numpy_dtype(wanted.dtype))


def _extreme_patterns(dtype: str) -> list[int]:
    bits = 8 * DTYPES[dtype].bytes
    if DTYPES[dtype].kind == "u":
        return [0, 1, (1 << bits - 1) - 1, 1 << bits - 1, (1 << bits) - 2, (1 << bits) - 1]
    if DTYPES[dtype].kind == "i":
        # In two's complement: the ends of both signs, and 0, 1, -1.
        return [0, 1, (1 << bits) - 1, (1 << bits - 1) - 2, (1 << bits - 1) - 1, 1 << bits - 1, (1 << bits - 1) + 1]
    kind = FLOAT_FORMATS[dtype]
    normal, one = 1 << kind.precision - 1, (1 << bits - kind.precision - 1) - 1 << kind.precision - 1
    magnitudes = (0, 1, normal - 1, normal, one - 1, one, one + 1, kind.infinity - 1)
    return [sign | magnitude for magnitude in magnitudes for sign in (0, kind.sign_bit)]


_KINDS: Mapping[str, Callable[[np.random.PCG64, int, Wanted], Array]] = {
    NORMAL: _normal,
    INTEGERS: _integers,
    "ramp": _ramp,
    "extremes": _extremes,
}
