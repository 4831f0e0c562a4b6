"""What the values of the operands ask of the summation: see `summation.py` for what was measured.

A sample is judged, of the input and of each filter: with few pixels a pass over all weights would take a tenth of the
convolution. Filters whose sample looks suspicious are judged whole.
"""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Any

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
# Values of the input that are judged, in so many places; neighbouring weights that stand for a filter.
_INPUT_PLACES, _INPUT_RUN = 16, 256
_BALANCE_SAMPLE, _VALUE_SAMPLE, _ROW_SAMPLE = 64, 16, 256
# Equal values that a row may have: 64 of 256 random levels have 7.
_EQUAL_PART = 8


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
    largest, peaked = _filters(rows)
    tiny = _TINY[rows.dtype.name]
    spreads = [_spread(image, largest, peaked, tiny) for image in x]
    # Written so that a NaN is very peaked. Algorithms that mix pixels, which `fast` allows, need level values.
    levels = [spread <= _PEAKED for spread in spreads]
    peaks = [accuracy == "strict" and spread <= _VERY_PEAKED for spread in spreads]
    level_kind = _kind_of_level(rows, accuracy) if any(levels) else WIDE
    peak_kind = WIDE if level_kind == WIDE and any(levels) else RUNS
    if any(peaks) and not any(levels):
        peak_kind = RUNS if _varied(rows) else WIDE
    return [level_kind if level else peak_kind if peak else WIDE for level, peak in zip(levels, peaks, strict=True)]


def _kind_of_level(rows: Array, accuracy: str) -> str:
    """Return the kind for inputs whose values are much alike."""
    taps = rows.shape[1]
    if accuracy == "fast" and _balanced(rows, blas_run(taps), _FAST_COHERENCE):
        return WHOLE
    if not _varied(rows):
        return WIDE
    return LONG_RUNS if _balanced(rows, long_run(taps), _COHERENCE) else RUNS


def _filters(rows: Array) -> tuple[float, float]:
    """Return the largest mean magnitude of a filter, and the square of rms / mean of the most peaked."""
    sample = np.abs(rows[:, :_BALANCE_SAMPLE])
    ones = np.ones(sample.shape[1], rows.dtype)
    sums = sample @ ones
    np.multiply(sample, sample, out=sample)
    # An empty filter has no peak.
    peaked = (sample @ ones) * len(ones) / np.maximum(sums * sums, np.finfo(rows.dtype).tiny)
    return float(sums.max()) / len(ones), float(peaked.max())


def _spread(image: Array, largest: float, peaked: float, tiny: float) -> float:
    """Return the peakedness of an image's values that are not zero times that of the most peaked filter."""
    sample = np.abs(_sampled(image))
    count = np.count_nonzero(sample)
    if not count:
        return 1.0
    mean, square = float(sample.sum()) / count, float(np.dot(sample, sample)) / count
    if 0 < mean * largest < tiny or not mean * mean > 0:
        return float("inf")
    return sqrt(square / mean**2 * peaked)


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


def _balanced(rows: Array, run: int, coherence: float) -> bool:
    """Whether sums of these products with inputs of one sign stay coherent enough for runs of `run` products."""
    taps = rows.shape[1]
    allowed = min(_MOST_COHERENCE, coherence * sqrt(taps) / run)
    first, second = rows[:, :_BALANCE_SAMPLE], rows[:, taps // 2 : taps // 2 + _BALANCE_SAMPLE]
    ones = np.ones(_BALANCE_SAMPLE, rows.dtype)
    magnitudes = np.abs(first) @ ones[: first.shape[1]]
    sums = first @ ones[: first.shape[1]] + second @ ones[: second.shape[1]]
    magnitudes *= 1 + second.shape[1] / first.shape[1]
    # Written so that a NaN is suspicious.
    suspects = np.flatnonzero(~(np.abs(sums) <= _SUSPICIOUS * allowed * magnitudes))
    if len(suspects) * 2 > len(rows):
        return False
    judged = rows[suspects]
    return bool((np.abs(judged.sum(axis=1)) <= allowed * np.abs(judged).sum(axis=1)).all())


def _varied(rows: Array) -> bool:
    """Whether no row repeats many of its values, signs and zeros apart: adding a zero does not round."""
    taps = rows.shape[1]
    if taps > 2 * _VALUE_SAMPLE:
        sample = np.concatenate([rows[:, :_VALUE_SAMPLE], rows[:, taps - _VALUE_SAMPLE :]], axis=1)
    else:
        sample = np.ascontiguousarray(rows)
    # Lying flat they are compared in long runs; the last of a row meets the first of the next, which does no harm.
    flat, repeats = sample.reshape(-1), np.zeros(sample.size, bool)
    for lag in (1, 2, 3, _VALUE_SAMPLE):
        repeats[lag:] |= flat[lag:] == flat[: max(0, len(flat) - lag)]
    repeats &= flat != 0
    if not repeats.any():
        return True
    suspects = rows[repeats.reshape(sample.shape).any(axis=1), :: max(1, taps // _ROW_SAMPLE)]
    ordered = np.sort(np.abs(suspects), axis=1)
    equal = (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] != 0)
    return bool((equal.sum(axis=1) * _EQUAL_PART <= suspects.shape[1]).all())
