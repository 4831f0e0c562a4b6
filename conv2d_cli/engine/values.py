"""What the values of the operands ask of the summation: see `summation.py` for what was measured.

A sample is judged, of the input and of each filter: with few pixels a pass over all weights would take a tenth of the
convolution. Filters whose sample looks suspicious are judged whole.
"""

from __future__ import annotations

from functools import cache
from math import inf, sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from conv2d_cli.engine.summation import LONG_RUNS, RUNS, WHOLE, WIDE, blas_run, long_run

if TYPE_CHECKING:
    Array = np.ndarray[Any, Any]

# Peakedness is rms / mean of magnitudes: 1.15 for uniform values, 1.25 for normal ones, 2.6 for magnitudes spread
# evenly over six decades, 7.4 for a lognormal with sigma 2. Where that of inputs times that of weights is large, few
# products make the sum, and each that follows a large one rounds at its scale. Largest errors of 130,000 sums of 288
# products, in eps: normal x normal 0.9 in runs of 68 and 1.4 of 144; six decades x normal 1.6 and 3.0; six decades
# twice 3.5 and 5.6.
_PEAKED, _VERY_PEAKED = 2.3, 3.2
# Below this product of magnitudes float32 products may fall among the subnormal numbers, which round by whole ones.
_TINY = {"float32": 2.0**-100, "float64": 2.0**-960}
# The error of a sum in runs of r products grows with its coherence, |sum of products| / sum of magnitudes, as
# `(0.6 r / sqrt(K) coherence + 0.9) eps` (the largest of 400,000); under 4 eps that leaves 5.2 sqrt(K) / r. `fast`
# allows a row more, since such rows are few where signs are random.
_COHERENCE, _FAST_COHERENCE = 5.2, 7.0
_MOST_COHERENCE = 0.8
# A part of what is allowed: a sample above it sends the whole row to be judged.
_SUSPICIOUS = 0.75
# One product that is a part f of its sum makes the others round at its scale: `1.1 f sqrt(r) eps` in runs of r (five
# sigma), which leaves f = 2.86 / sqrt(r); a weight may be four times the mean of its filter.
_OUTWEIGHED, _LARGE_WEIGHT = 2.86, 4
# Values of the input that are judged, in so many places; neighbouring weights that stand for a filter, for its balance
# and peak (of many filters fewer) and for how often it repeats a value.
_INPUT_PLACES, _INPUT_RUN = 8, 256
_SAMPLE, _SAMPLE_OF_MANY, _MANY = 64, 32, 512
_VALUE_SAMPLE, _ROW_SAMPLE = 16, 256
# So few products round too seldom to leave the bound, whatever their values.
_FEW_TAPS = 9
# Equal values that a row may have: 64 of 256 random levels have 7.
_EQUAL_PART = 8


class _Filters(NamedTuple):
    """Weights (out_channels, K), and of a sample of each row the sums of magnitudes and of values."""

    rows: Array
    magnitudes: Array
    sums: Array
    largest: float
    peaked: float


def kinds_of(x: Array, weight: Array, accuracy: str) -> list[str]:
    """Return, for each image of `x`, the kind of summation that keeps the bound with these weights (out_channels, ...).

    Filters with both signs in balance have small partial sums, so that more products may be added at once. Operands
    with very unequal values, and weights with few different ones, are summed in a wider type. Each image is judged by
    itself, so that it has the same bits alone and in a batch.
    """
    rows = weight.reshape(len(weight), -1)
    if rows.dtype.kind == "c":
        kind = RUNS if _varied(rows.real) and _varied(rows.imag) else WIDE
        return [kind] * len(x)
    filters = _judged(rows)
    few = accuracy == "strict" and rows.shape[1] <= _FEW_TAPS
    limit = _largest_value(rows.shape[1]) if accuracy == "strict" and not few else inf
    spreads = [_spread(image, filters, limit) for image in x]
    if few:
        return [LONG_RUNS if spread < inf else WIDE for spread in spreads]
    # Written so that a NaN is very peaked. Algorithms that mix pixels, which `fast` allows, need level values.
    level = [spread <= _PEAKED for spread in spreads]
    kind = _kind_of_level(filters, accuracy) if any(level) else WIDE
    if all(level):
        return [kind] * len(x)
    peak_kind = RUNS if accuracy == "strict" and _varied(rows) else WIDE
    peaks = [peak_kind if spread <= _VERY_PEAKED else WIDE for spread in spreads]
    return [kind if is_level else peak for is_level, peak in zip(level, peaks, strict=True)]


def _kind_of_level(filters: _Filters, accuracy: str) -> str:
    """Return the kind for inputs whose values are much alike."""
    taps = filters.rows.shape[1]
    if accuracy == "fast" and _balanced(filters, blas_run(taps), _FAST_COHERENCE):
        return WHOLE
    if not _varied(filters.rows):
        return WIDE
    return LONG_RUNS if _balanced(filters, long_run(taps), _COHERENCE) else RUNS


@cache
def _ones(length: int, dtype: np.dtype[Any]) -> Array:
    return np.ones(length, dtype)


def _judged(rows: Array) -> _Filters:
    sample = rows[:, : _SAMPLE if len(rows) < _MANY else _SAMPLE_OF_MANY]
    ones = _ones(sample.shape[1], rows.dtype.newbyteorder("="))
    values = np.abs(sample)
    magnitudes, sums = values @ ones, sample @ ones
    np.multiply(values, values, out=values)
    # A row of zeros gives NaN, which is no peak.
    peaks = values @ ones / (magnitudes * magnitudes)
    peaked = float(np.fmax.reduce(peaks)) * len(ones)
    return _Filters(rows, magnitudes, sums, float(magnitudes.max()) / len(ones), peaked)


def _largest_value(taps: int) -> float:
    """Return how many times the mean a single input may be before it outweighs the `taps` products of its windows."""
    part = min(_MOST_COHERENCE, _OUTWEIGHED / sqrt(long_run(taps)))
    return part / (1 - part) * taps / _LARGE_WEIGHT


def _spread(image: Array, filters: _Filters, limit: float) -> float:
    """Return the peakedness of an image's values that are not zero times that of the most peaked filter.

    A value beyond `limit` times the mean, wherever it stands, makes it infinite.
    """
    sample = np.abs(_sampled(image))
    count = np.count_nonzero(sample)
    if not filters.largest or (not count and limit == inf):
        return 1.0
    if limit < inf:
        peak = max(image.max(), -image.min())
        if not peak:
            return 1.0
        if not peak * max(1, count) <= limit * float(sample.sum()):
            return inf
    mean, square = float(sample @ _ones(len(sample), sample.dtype)) / count, float(sample @ sample) / count
    # The square of what is not tiny may be.
    if not mean * filters.largest >= _TINY[filters.rows.dtype.name] or not mean * mean > 0:
        return inf
    return sqrt(square / mean**2 * filters.peaked)


def _sampled(x: Array) -> Array:
    """Return a few thousand values from all over the input, as a dense row."""
    size = _INPUT_PLACES * _INPUT_RUN
    if x.size <= size:
        return x.reshape(-1)
    if x.flags.c_contiguous:
        step = x.size // _INPUT_PLACES * x.itemsize
        return np.ndarray((_INPUT_PLACES, _INPUT_RUN), x.dtype, x, 0, (step, x.itemsize)).reshape(-1)
    steps = [max(1, length // 8) for length in x.shape]
    return x[tuple(slice(None, None, step) for step in steps)].reshape(-1)


def _balanced(filters: _Filters, run: int, coherence: float) -> bool:
    """Whether sums of these products with inputs of one sign stay coherent enough for runs of `run` products."""
    allowed = min(_MOST_COHERENCE, coherence * sqrt(filters.rows.shape[1]) / run)
    # Written so that a NaN is suspicious.
    fine = np.abs(filters.sums) <= _SUSPICIOUS * allowed * filters.magnitudes
    if fine.all():
        return True
    suspects = np.flatnonzero(~fine)
    if len(suspects) * 2 > len(fine):
        return False
    judged = filters.rows[suspects]
    return bool((np.abs(judged.sum(axis=1)) <= allowed * np.abs(judged).sum(axis=1)).all())


def _varied(rows: Array) -> bool:
    """Whether no row repeats many of its values, signs and zeros apart: adding a zero does not round."""
    sample = np.ascontiguousarray(rows[:, :_VALUE_SAMPLE])
    # Lying flat they are compared in long runs; the last of a row meets the first of the next, which does no harm.
    flat, repeats = sample.reshape(-1), np.zeros(sample.size, bool)
    for lag in (1, 2, 3):
        repeats[lag:] |= flat[lag:] == flat[: max(0, len(flat) - lag)]
    repeats &= flat != 0
    if not repeats.any():
        return True
    suspects = rows[repeats.reshape(sample.shape).any(axis=1), :: max(1, rows.shape[1] // _ROW_SAMPLE)]
    ordered = np.sort(np.abs(suspects), axis=1)
    equal = (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] != 0)
    return bool((equal.sum(axis=1) * _EQUAL_PART <= suspects.shape[1]).all())
