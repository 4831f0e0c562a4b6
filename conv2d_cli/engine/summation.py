"""In which type and in how long runs products are added, so that each output element keeps its error bound.

The bound is `4 eps * (sum|x||w| + |b|)`. A float32 sum of n products drifts in three ways, measured on some 100,000
sums with OpenBLAS 0.3.31 (one rounding after another, in runs of at most 384):

* Where all products have one sign and random last bits, the largest error is near `0.6 sqrt(n) eps`: 4.0 at 48
  products, 9.0 at 256. Runs of `4 sqrt(K)` products whose sums are added in float32 too keep it at or below 3.3 for
  K up to 4608.
* Where all products are one number, every rounding goes the same way: up to `n / 7.7` eps. Only a wider type, or very
  short runs added pairwise, keep that, and only weights with few different values can make it happen.
* Where one product outweighs the others, every later one rounds at its scale: up to `sqrt(n) eps` again, even if the
  signs are in balance. Operands with such peaks are summed in a wider type too.
"""

from __future__ import annotations

from math import isqrt
from typing import NamedTuple

from conv2d_cli.dtypes import DTYPES

# Products that may be added one after another whatever their values: 28 / 7.7 is under the bound.
SAFE_TAPS = 28
# The same for real products whose signs are in balance.
_BALANCED_TAPS = 72
# The next wider type; the widest have none, and are added in short runs instead.
_WIDER = {"float32": "float64", "complex64": "complex128"}
_SHORT_RUNS = {"float64": 16, "complex128": 8}
# Below this many products the worst case of a float32 sum, K * 2^-24, is under two eps of float16.
_FLOAT32_TAPS = 1 << 15
_FLOAT32_BITS, _FLOAT64_BITS = 24, 53
_FLOATS = frozenset({"float32", "float64"})

# How a convolution is summed: at once, in long runs, in runs, or in a wider type (or the shortest runs).
WHOLE, LONG_RUNS, RUNS, WIDE = "whole", "long runs", "runs", "wide"
# Runs are multiples of this: sgemm (1024, K, 196) takes a third longer in runs of 85 than of 96.
_STEP = 16
# OpenBLAS adds at most so many products in registers before it adds to the result in memory.
_BLAS_RUN = 384
# Products of so many multiply-adds are not packed on AVX-512, nor their sums cut: (16, 1000, 49) with weights of one
# sign was 13 eps off, 3 as part of a larger.
UNPACKED_MACS = 100**3


class Summation(NamedTuple):
    """The type that products are added in, and how many of them one after another."""

    kind: str
    compute_dtype: str
    run_taps: int


def summation(dtype: str, taps: int, kind: str) -> Summation | None:
    """Return how `taps` products of elements of `dtype` are summed by a product of matrices; None where they cannot be.

    `kind` matters to float32, float64 and their complex types alone: half types are summed in a wider type, and sums of
    narrow integers are exact.
    """
    family = DTYPES[dtype].kind
    if dtype in {"float16", "bfloat16"}:
        return Summation(WHOLE, "float32" if taps < _FLOAT32_TAPS else "float64", taps)
    if family in "iu":
        return _exact(dtype, taps)
    terms = 1 if dtype in _FLOATS else 2
    safe = taps * terms <= SAFE_TAPS
    if kind == WIDE:
        run = taps if safe or dtype in _WIDER else min(taps, _SHORT_RUNS[dtype])
        return Summation(WIDE, _WIDER.get(dtype, dtype), run)
    if kind == WHOLE or safe:
        return Summation(WHOLE, dtype, taps)
    if kind == LONG_RUNS:
        return Summation(LONG_RUNS if long_run(taps) < taps else WHOLE, dtype, long_run(taps))
    return Summation(RUNS, dtype, even_run(taps * terms, max(SAFE_TAPS, 4 * isqrt(taps * terms))) // terms)


def between_zeros(summation: Summation, taps: int) -> Summation:
    """Return the same for `taps` products of which many are zero by construction: adding those rounds nothing."""
    run = taps if summation.kind == WHOLE else min(summation.run_taps, taps)
    return summation._replace(run_taps=run)


def spare_products(kind: str, taps: int, run: int) -> int:
    """Return how many buffers of the size of the product a sum in such runs needs beside it."""
    runs = -(-taps // run)
    return (runs - 1).bit_length() if kind == WIDE else min(1, runs - 1)


def even_run(taps: int, most: int) -> int:
    """Return the length of the fewest runs of about `most` products at most, all alike but the last."""
    length = -(-taps // -(-taps // most))
    return length if length <= _STEP else min(taps, -(-length // _STEP) * _STEP)


def long_run(taps: int) -> int:
    """Return the runs of real products whose signs are in balance: near `10 sqrt(taps)`."""
    return even_run(taps, max(_BALANCED_TAPS, min(_BLAS_RUN, 10 * isqrt(taps))))


def is_cut(rows: int, taps: int, columns: int) -> bool:
    """Whether BLAS cuts the sums of a product of matrices, which it does not where that is small."""
    return rows * taps * columns > UNPACKED_MACS


def blas_run(taps: int, rows: int, columns: int) -> int:
    """Return how many products BLAS adds in registers when it is given all of `rows` x `taps` x `columns`."""
    if taps <= _BLAS_RUN or not is_cut(rows, taps, columns):
        return taps
    return min(_BLAS_RUN, -(-taps // 2))


def _exact(dtype: str, taps: int) -> Summation | None:
    """Return the narrowest float type in which every partial sum of integers is exact."""
    bits = 8 * DTYPES[dtype].bytes
    largest = 1 << (bits if DTYPES[dtype].kind == "u" else bits - 1)
    for compute_dtype, exact_bits in (("float32", _FLOAT32_BITS), ("float64", _FLOAT64_BITS)):
        # One more `largest` is the bias.
        if taps * largest * largest + largest <= 1 << exact_bits:
            return Summation(WHOLE, compute_dtype, taps)
    return None
