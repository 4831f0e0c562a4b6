"""What is counted of the differences between two tensors, chunk by chunk, in memory that does not grow."""

from __future__ import annotations

import math
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from conv2d_cli.arithmetic.error_bounds import rounding_of
from conv2d_cli.jobs.compare.ulps import bit_lengths, ulp_distances
from conv2d_cli.jobs.compare.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.jobs.compare.tolerance import Tolerance
    from conv2d_cli.jobs.compare.where import Whereabouts

    Array = np.ndarray[Any, Any]

_EXACT_IN_FLOAT64 = 4


class Pair(NamedTuple):
    """An element of both tensors: its place in C order, and both values as Python's numbers."""

    place: int
    expected: Any
    actual: Any


class _Sizes(NamedTuple):
    """How far apart each pair is, as float64; `lost` marks a NaN beside what is none, `most` is the largest, exact."""

    sizes: Array
    lost: Array | None
    most: float | int


class Tally:
    """The counts and the largest differences of two tensors, `dtype` the coarser of their types."""

    def __init__(self, dtype: str, tolerance: Tolerance, where: Whereabouts, *, equal_nan: bool) -> None:
        """Start with nothing."""
        self._dtype, self._tolerance, self.where, self._equal_nan = dtype, tolerance, where, equal_nan
        self.differing = self.beyond = self.signed_zeros = self.nan_expected = self.nan_actual = 0
        self.max_abs: float | int = 0 if rounding_of(dtype) is None else 0.0
        self.max_rel, self.max_ulp = 0.0, 0
        self.first: Pair | None = None
        self.worst: Pair | None = None
        self._worst_share = -1.0
        self.ulp_histogram: list[int] = []
        self._workspace = Workspace()

    def add_equal(self, elements: int, nans: int) -> None:
        """Count elements whose bits are equal, `nans` of them NaN that equal one another."""
        self.nan_expected += nans
        self.nan_actual += nans
        self._count_ulps([elements])

    def add(self, place: int, expected: Array, actual: Array) -> None:
        """Count flat chunks of values whose first element stands at that place."""
        with np.errstate(all="ignore"):
            self._add(place, expected, actual)

    def _add(self, place: int, expected: Array, actual: Array) -> None:
        sizes, lost, most = self._sizes(expected, actual)
        differ = int(np.count_nonzero(sizes)) + (0 if lost is None else int(np.count_nonzero(lost)))
        if differ < sizes.size:
            self.signed_zeros += _signed_zeros(expected, actual)
        if differ == 0:
            self._count_ulps([sizes.size])
            return
        self.differing += differ
        self.max_abs = max(self.max_abs, most)
        if self.first is None:
            at = int(np.argmax(sizes != 0 if lost is None else (sizes != 0) | lost))
            self.first = _pair(place, at, expected, actual)
        ulps = self._ulps(expected, actual, lost)
        reach, shares = (self._workspace.of(name, sizes.size) for name in ("reach", "shares"))
        reach[...] = np.abs(expected) if expected.dtype.kind == "c" else expected
        np.abs(reach, out=reach)
        self.max_rel = max(self.max_rel, _largest(np.divide(sizes, reach, out=shares)))
        self._judge(place, self._shares(sizes, reach, ulps, lost), expected, actual)

    def _shares(self, sizes: Array, reach: Array, ulps: Array, lost: Array | None) -> Array:
        """Return the differences beside what is allowed them, `reach` being |expected|; that array is changed."""
        rtol, atol, ulp = self._tolerance
        shares = sizes
        if rtol or atol:
            reach *= rtol
            reach += atol
            shares = np.divide(sizes, reach, out=reach)
        if ulp:
            by_ulps = ulps / ulp
            shares = np.fmin(shares, by_ulps) if rtol or atol else by_ulps
        if lost is not None or not np.isfinite(shares.max()) or not np.isfinite(sizes.max()):
            # Nothing is nothing whatever is allowed, and an infinity is near nothing but itself.
            shares[sizes == 0] = 0
            shares[np.isinf(sizes) if lost is None else np.isinf(sizes) | lost] = np.inf
        return shares

    def _judge(self, place: int, shares: Array, expected: Array, actual: Array) -> None:
        """Count what is beyond the tolerance, and keep the element that is worst beside what is allowed it."""
        most = float(shares.max())
        if most > self._worst_share:
            self._worst_share = most
            self.worst = _pair(place, int(np.argmax(shares)), expected, actual)
        limit = 0.0 if self._tolerance.is_none else 1.0
        if most > limit:
            beyond = np.flatnonzero(shares > limit)
            self.beyond += beyond.size
            self.where.add(beyond + place)

    def _sizes(self, expected: Array, actual: Array) -> _Sizes:
        sizes, most = _distances(expected, actual, self._workspace)
        if not math.isnan(most):
            return _Sizes(sizes, None, most)
        nan_expected, nan_actual = np.isnan(expected), np.isnan(actual)
        self.nan_expected += int(np.count_nonzero(nan_expected))
        self.nan_actual += int(np.count_nonzero(nan_actual))
        sizes[expected == actual] = 0
        lost = nan_expected ^ nan_actual if self._equal_nan else nan_expected | nan_actual
        sizes[nan_expected | nan_actual] = 0
        # Complex infinities with one component alike: their difference is NaN, though neither is.
        sizes[np.isnan(sizes)] = np.inf
        return _Sizes(sizes, lost if lost.any() else None, float(sizes.max()))

    def _ulps(self, expected: Array, actual: Array, lost: Array | None) -> Array:
        ulps = ulp_distances(expected, actual, self._dtype, self._workspace)
        if self.nan_expected or self.nan_actual:
            ulps[np.isnan(expected) | np.isnan(actual)] = 0
        lengths = bit_lengths(ulps)
        if lost is not None:
            lengths[0] -= int(np.count_nonzero(lost))
        self._count_ulps(lengths)
        self.max_ulp = max(self.max_ulp, int(ulps.max()))
        return ulps

    def _count_ulps(self, lengths: Sequence[int]) -> None:
        self.ulp_histogram = [sum(both) for both in zip_longest(self.ulp_histogram, lengths, fillvalue=0)]


def _distances(expected: Array, actual: Array, workspace: Workspace) -> tuple[Array, float | int]:
    """Return |actual - expected| as float64, and the largest: exact of integers, NaN where one is NaN."""
    kinds = {expected.dtype.kind, actual.dtype.kind}
    if kinds <= {"i", "u"} and max(expected.itemsize, actual.itemsize) > _EXACT_IN_FLOAT64:
        common = np.result_type(expected, actual)
        if common.kind in "iu":
            exact = ulp_distances(expected.astype(common), actual.astype(common), common.name)
            return exact.astype(np.float64), int(exact.max())
    if "c" in kinds:
        sizes = np.abs(np.subtract(actual, expected, dtype=np.complex128))
    else:
        sizes, wide = (workspace.of(name, expected.size) for name in ("sizes", "reach"))
        sizes[...], wide[...] = actual, expected
        np.abs(np.subtract(sizes, wide, out=sizes), out=sizes)
    most = float(sizes.max())
    return sizes, int(most) if kinds <= {"i", "u", "b"} else most


def _signed_zeros(expected: Array, actual: Array) -> int:
    """Return how many zeros stand beside one of the other sign."""
    kinds = {expected.dtype.kind, actual.dtype.kind}
    if "f" not in kinds or "c" in kinds:
        return 0
    zeros = np.flatnonzero(expected == 0)
    if not zeros.size:
        return 0
    one, other = expected[zeros], actual[zeros]
    return int(np.count_nonzero((np.signbit(one) != np.signbit(other)) & (other == 0)))


def _largest(values: Array) -> float:
    """Return the largest of values that are not NaN."""
    most = float(values.max())
    return float(np.fmax.reduce(values, initial=0.0)) if math.isnan(most) else most


def _pair(place: int, at: int, expected: Array, actual: Array) -> Pair:
    return Pair(place + at, expected[at].item(), actual[at].item())


def nans_in(values: Array) -> int:
    """Return how many of the values are NaN; where there is none, in one pass.

    >>> nans_in(np.float32([1, np.nan])), nans_in(np.arange(3))
    (1, 0)
    """
    if values.dtype.kind not in "fc" or not values.size:
        return 0
    if values.dtype == np.float16:
        # As integers: NumPy has no instructions for the minimum of halves.
        bits = values.view(np.uint16) & np.uint16(0x7FFF)
        return int(np.count_nonzero(bits > 0x7C00))  # noqa: PLR2004 - infinity
    parts = values.view(f"f{values.itemsize // 2}") if values.dtype.kind == "c" else values
    return int(np.count_nonzero(np.isnan(values))) if np.isnan(parts.min()) else 0
