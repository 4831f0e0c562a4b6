"""What the values of the operands ask of the summation: see `summation.py` for what was measured.

A sample is judged, of the input and of each filter: with few pixels a pass over all weights would take a tenth of the
convolution. Filters whose sample looks suspicious are judged whole.
"""

from __future__ import annotations

from functools import cache
from math import ceil, inf, isnan, sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from conv2d_cli.engine.once import once
from conv2d_cli.engine.summation import LONG_RUNS, RUNS, SAFE_TAPS, WHOLE, WIDE, long_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    Array = np.ndarray[Any, Any]

# Peakedness is rms / mean of magnitudes: 1.15 for uniform values, 1.25 for normal ones, 2.6 for magnitudes spread
# evenly over six decades, 7.4 for a lognormal with sigma 2. Where that of inputs times that of weights is large, few
# products make the sum, and each that follows a large one rounds at its scale. Largest errors of 130,000 sums of 288
# products, in eps: normal x normal 0.9 in runs of 68 and 1.4 of 144; six decades x normal 1.6 and 3.0; six decades
# twice 3.5 and 5.6.
_PEAKED, _VERY_PEAKED = 2.3, 3.2
# Below this product of magnitudes products, of so many bytes, may fall among the subnormal numbers, which round by
# whole ones.
_TINY = {4: 2.0**-100, 8: 2.0**-960}
# The error of a sum in runs of r products grows with its coherence, |sum of products| / sum of magnitudes, as
# `(0.6 r / sqrt(K) coherence + 0.9) eps` (the largest of 400,000); under 4 eps that leaves 5.2 sqrt(K) / r. `fast`
# allows a row more, since such rows are few where signs are random.
_COHERENCE = {"strict": 5.2, "fast": 7.0}
_MOST_COHERENCE = 0.8
# Of so many weights a sample is judged first, so long that what is allowed is so many standard deviations of the
# coherence of one with random signs, 1.25 / sqrt(its length); not if that is more than such a part of the row. One
# above such a part of what is allowed sends the whole row to be judged.
_MANY_WEIGHTS, _DEVIATIONS, _SHORT, _SUSPICIOUS = 1 << 18, 3.6, 0.3, 0.75
# Rows whose sum is too large for the mean magnitude of their sample are judged by their own, if at most one in so many.
_SUSPECTS = 16
# One product that is a part f of its sum makes the others round at its scale: `1.1 f sqrt(r) eps` in runs of r (five
# sigma), which leaves f = 2.86 / sqrt(r); a weight may be four times the mean of its filter. Against the largest sum of
# the plane, which a high input raises too, the largest error of any algorithm was 2.5 eps for f = 0.46, 4.1 for 0.58.
_OUTWEIGHED, _LARGE_WEIGHT, _OUTWEIGHED_IN_PLANE = 2.86, 4, 0.25
# Algorithms that mix pixels round at the scale of the rms of all inputs, zeros too, but the bound is of their mean: the
# largest error of F(4,3)xF(2,3) was about as many eps as rms / mean of inputs times that of weights. Normal values make
# 1.6 of it, those with the negative ones set to 0 2.2, with those under one sigma 4.1.
_MOST_UNEVEN = 3.6
# Values of the input that are judged, in so many places; neighbouring weights that stand for a filter (of many filters
# fewer), and how many of a filter's are looked at for how often it repeats a value.
_INPUT_PLACES, _INPUT_RUN = 8, 256
_SAMPLE, _SAMPLE_OF_MANY, _MANY = 64, 32, 1024
_ROW_SAMPLE = 256
# So few products round too seldom to leave the bound, whatever their values.
_FEW_TAPS = 9
# Each weight is compared with so many before it.
_LAG = 3
# Equal values that a row may have: 64 of 256 random levels have 7.
_EQUAL_PART = 8


class _Filters(NamedTuple):
    """Weights (out_channels, K), magnitudes of a sample of each row, and their sums.

    `mean` is the largest mean magnitude, `peaked` the largest square of a peakedness.
    """

    rows: Array
    sample: Array
    magnitudes: Array
    mean: float
    peaked: float


class _Inputs(NamedTuple):
    """What an image does to sums: how peaked its values are with these weights, and its peak over their mean.

    `uneven` is the peakedness with its zeros counted too.
    """

    peaked: float
    peak: float
    uneven: float

    def within(self, most: _Inputs) -> bool:
        """Whether nothing is more than in `most`; a NaN is."""
        return self.peaked <= most.peaked and self.peak <= most.peak and self.uneven <= most.uneven


_TOO_MUCH = _Inputs(inf, inf, inf)


class Weights:
    """What a weight (out_channels, ...) is like: judged when that is first asked, and known from then on."""

    def __init__(self, weight: Array) -> None:
        """Keep it; it must not change."""
        self._weight = weight
        self._balanced: dict[tuple[int, float], bool] = {}

    @once
    def rows(self) -> Array:
        """The filters as (out_channels, K)."""
        rows: Array = self._weight.reshape(len(self._weight), -1)
        return rows

    @once
    def filters(self) -> _Filters:
        """What a sample of each filter shows."""
        return _judged(self.rows)

    @once
    def largest_mean(self) -> float:
        """The largest mean magnitude of a filter."""
        mean: float = float(np.maximum.reduce(_totals(np.abs(self.rows)))) / self.rows.shape[1]
        return mean

    @once
    def are_finite(self) -> bool:
        """Whether all are finite; see `is_finite`."""
        return is_finite(self.rows)

    @once
    def are_varied(self) -> bool:
        """Whether no filter repeats many of its values."""
        if self.rows.dtype.kind != "c":
            return _varied(self.rows, self.filters.sample)
        return all(_varied(part, np.abs(part)) for part in (self.rows.real, self.rows.imag))

    def are_balanced(self, run: int, coherence: float) -> bool:
        """Whether sums of their products with inputs of one sign stay coherent enough for runs of `run` products."""
        known = self._balanced.get((run, coherence))
        if known is None:
            known = self._balanced[run, coherence] = _balanced(self.filters, run, coherence)
        return known


def kinds_of(x: Array, weights: Weights, accuracy: str, blas_run: int) -> list[str]:
    """Return, for each image of `x`, the kind of summation that keeps the bound with these weights.

    Filters with both signs in balance have small partial sums, so that more products may be added at once: all of them
    where BLAS itself adds no more than `blas_run` one after another. Operands with very unequal values, and weights
    with few different ones, are summed in a wider type; so is an image with a NaN or an infinity, which algorithms that
    mix pixels would spread. Each image is judged by itself, so that it has the same bits alone and in a batch.
    """
    if weights.rows.dtype.kind == "c":
        return [RUNS if weights.are_varied and is_finite(image) else WIDE for image in x]
    if accuracy == "strict" and weights.rows.shape[1] <= _FEW_TAPS:
        return [WHOLE if _is_plain(image, weights.largest_mean) else WIDE for image in x]
    inputs = [_judged_input(image, weights.filters) for image in x]
    kinds, undecided = [WIDE] * len(x), list(range(len(x)))
    for kind, most in _allowed(weights, accuracy, blas_run):
        for number in undecided:
            if inputs[number].within(most):
                kinds[number] = kind
        undecided = [number for number in undecided if kinds[number] == WIDE]
        if not undecided:
            break
    return kinds


def _allowed(weights: Weights, accuracy: str, blas_run: int) -> Iterator[tuple[str, _Inputs]]:
    """Yield the kinds that these weights allow, fastest first, with the most that inputs may be for each."""
    taps, coherence = weights.rows.shape[1], _COHERENCE[accuracy]
    if accuracy == "fast":
        # Algorithms that mix pixels need level values.
        highest = _highest_peak(taps, max(_OUTWEIGHED_IN_PLANE, _OUTWEIGHED / sqrt(blas_run)))
        level = _Inputs(_PEAKED, highest, inf)
        if weights.are_balanced(blas_run, coherence):
            yield WHOLE, level._replace(uneven=_MOST_UNEVEN)
            yield LONG_RUNS, level
        elif weights.are_varied:
            yield LONG_RUNS if weights.are_balanced(long_run(taps), _COHERENCE["strict"]) else RUNS, level
        return
    if not weights.are_varied:
        return
    if weights.are_balanced(blas_run, coherence):
        yield WHOLE, _Inputs(_PEAKED, _highest_peak(taps, _OUTWEIGHED / sqrt(blas_run)), inf)
    highest = _highest_peak(taps, _OUTWEIGHED / sqrt(long_run(taps)))
    if weights.are_balanced(long_run(taps), coherence):
        yield LONG_RUNS, _Inputs(_PEAKED, highest, inf)
    yield RUNS, _Inputs(_VERY_PEAKED, highest, inf)


def is_finite(values: Array) -> bool:
    """Return whether all values are finite; also False when their squares add up to infinity."""
    if values.flags.c_contiguous:
        flat = values.reshape(-1)
        return bool(np.isfinite(np.vdot(flat, flat)))
    return bool(np.isfinite(values).all())


@cache
def _ones(length: int, dtype: np.dtype[Any]) -> Array:
    return np.ones(length, dtype)


def _totals(rows: Array) -> Array:
    """Return the sum of each row, or of the only one."""
    totals: Array = rows.dot(_ones(rows.shape[-1], rows.dtype))
    return totals


def _judged(rows: Array) -> _Filters:
    magnitudes = np.abs(rows[:, : _SAMPLE if len(rows) < _MANY else _SAMPLE_OF_MANY])
    totals, sampled = _totals(magnitudes), magnitudes.shape[1]
    peaks = _totals(magnitudes * magnitudes) / (totals * totals)
    peaked = float(np.maximum.reduce(peaks))
    if isnan(peaked):
        # A row of zeros gives NaN, which is no peak.
        peaked = float(np.fmax.reduce(peaks))
    return _Filters(rows, magnitudes, totals, float(np.maximum.reduce(totals)) / sampled, peaked * sampled)


def _highest_peak(taps: int, part: float) -> float:
    """Return how many times the mean an input may be before it alone is such a part of the `taps` products it is in."""
    return part / (1 - part) * taps / _LARGE_WEIGHT if part < _MOST_COHERENCE else inf


def _is_plain(image: Array, largest: float) -> bool:
    """Whether all values are finite, and few products with weights of the `largest` mean magnitude are subnormal."""
    sample = _sampled(image)
    count = np.count_nonzero(sample)
    # Sums of a sample with a NaN are not above anything.
    sound = not count or not largest or float(_totals(sample)) / count * largest >= _TINY[sample.itemsize]
    return bool(sound) and is_finite(image)


def _judged_input(image: Array, filters: _Filters) -> _Inputs:
    """Judge the values of an image that are not zero, a sample of them but for its peak, wherever that stands."""
    if not filters.mean:
        return _Inputs(1.0, 0.0, 1.0)
    peak = _peak(image)
    if not peak < inf:
        return _TOO_MUCH
    sample = _sampled(image)
    count = np.count_nonzero(sample)
    if not count:
        return _Inputs(1.0, inf if peak else 0.0, inf if peak else 1.0)
    mean, squares = float(_totals(sample)) / count, float(sample.dot(sample))
    # The square of what is not tiny may be.
    if not mean * filters.mean >= _TINY[sample.itemsize] or not mean * mean > 0:
        return _TOO_MUCH
    peaked = sqrt(squares / count / mean**2 * filters.peaked)
    return _Inputs(peaked, peak / mean, peaked * sqrt(len(sample) / count))


def _peak(image: Array) -> float:
    """Return the largest magnitude; NaN where there is one."""
    flat = image.reshape(-1) if image.flags.c_contiguous else image
    return max(float(np.maximum.reduce(flat, None)), -float(np.minimum.reduce(flat, None)))


def _sampled(x: Array) -> Array:
    """Return the magnitudes of a few thousand values from all over the input, as a dense row."""
    size = _INPUT_PLACES * _INPUT_RUN
    if x.size > size:
        if x.flags.c_contiguous:
            step = x.size // _INPUT_PLACES * x.itemsize
            x = np.ndarray((_INPUT_PLACES, _INPUT_RUN), x.dtype, x, 0, (step, x.itemsize))
        else:
            x = x[tuple(slice(None, None, max(1, length // 8)) for length in x.shape)]
    return np.abs(x).reshape(-1)


def _balanced(filters: _Filters, run: int, coherence: float) -> bool:
    taps, sampled = filters.rows.shape[1], filters.sample.shape[1]
    if taps <= SAFE_TAPS:
        return True
    allowed = min(_MOST_COHERENCE, coherence * sqrt(taps) / run)
    # What a row's mean may be. Comparisons are written so that a NaN is not balanced.
    most, rows = filters.magnitudes * (allowed / sampled * taps), filters.rows
    some = max(sampled, ceil((_DEVIATIONS * 1.25 / allowed) ** 2))
    if rows.size >= _MANY_WEIGHTS and some <= _SHORT * taps:
        sums = _totals(rows[:, :some])
        unsuspected = np.abs(sums, sums) <= _SUSPICIOUS * some / taps * most
        if np.count_nonzero(unsuspected) == len(rows):
            return True
        most, rows = most[~unsuspected], rows[~unsuspected]
    sums = _totals(rows)
    suspected = ~(np.abs(sums, sums) <= most)
    suspects = np.count_nonzero(suspected)
    if not 0 < suspects * _SUSPECTS <= len(rows):
        return not suspects
    # The mean magnitude of a sample may be too small: of few rows it can be known.
    return bool((sums[suspected] <= allowed * _totals(np.abs(rows[suspected]))).all())


def _varied(rows: Array, sample: Array) -> bool:
    """Whether no row repeats many of its values, signs and zeros apart: adding a zero does not round.

    `sample` (rows, some) holds magnitudes.
    """
    # Lying flat they are compared in long runs; the last of a row meets the first of the next, which does no harm.
    flat = sample.reshape(-1)
    places = flat.size - _LAG
    if places < 1:
        return True
    # Each with the `_LAG` before it, in as many rows.
    before = np.ndarray((_LAG, places), flat.dtype, flat, 0, (flat.itemsize, flat.itemsize))
    equal = before == flat[_LAG:]
    if not np.count_nonzero(equal):
        return True
    repeats = np.zeros(flat.size, bool)
    np.logical_or.reduce(equal, 0, out=repeats[_LAG:])
    repeats &= flat != 0
    suspects = rows[repeats.reshape(sample.shape).any(axis=1), :: max(1, rows.shape[1] // _ROW_SAMPLE)]
    ordered = np.sort(np.abs(suspects), axis=1)
    equal = (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] != 0)
    return bool((equal.sum(axis=1) * _EQUAL_PART <= suspects.shape[1]).all())
