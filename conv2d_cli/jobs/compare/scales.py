"""How far a hypothesis is from the actual result, beside what rounding or a tolerance allows: 0 is no difference.

By `ByBound` it is the largest |difference| / (eps * (sum|x||w| + |b|)), where the operation is known; by `ByTolerance`
the largest |difference| / (atol + rtol * |expected|).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from conv2d_cli.arithmetic.error_bounds import error_limit, rounding_of
from conv2d_cli.jobs.compare.ulps import ulp_distances

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.jobs.compare.tolerance import Tolerance

    Array = np.ndarray[Any, Any]


# Parts of the error that is allowed a sum before it is rounded or wraps.
_EARLIER_ERRORS = (1 / 64, 1 / 8, 1)


class Magnitudes(NamedTuple):
    """`sum|x||w| + |b|` of each element, worked out when it is asked for, and a number that none of them exceeds."""

    of_each: Callable[[], Array]
    most: float


class Candidate(NamedTuple):
    """What a hypothesis makes of some images: values, and where known their magnitudes, and the products of each.

    `change` is what the hypothesis does to `sums` to make the values of them, None where it leaves them as they are.
    """

    values: Array
    magnitudes: Magnitudes | None
    products: int
    sums: Array
    change: Callable[[Array], Array] | None = None


class Scale(Protocol):
    """What differences are measured by."""

    @property
    def finest(self) -> float:
        """The error that a right result may have by chance: what is nearer is not told apart."""

    def limit(self, products: int) -> float:
        """Return the error up to which a hypothesis fits, for sums of that number of products."""

    def error(self, candidate: Candidate, actual: Array, most: float = float("inf")) -> float:
        """Return how far a candidate is from the actual result; infinite where one is NaN or infinite alone.

        If that is more than `most`, any number that is more may be returned. Where a hypothesis changes sums, what is
        beyond `most` may be off before the change instead: a sum beside a tie is rounded to the other side, one at the
        end of a range wraps or not.
        """


class ByBound(NamedTuple):
    """By what rounding in `dtype` may do to sums of products."""

    dtype: str
    equal_nan: bool

    @property
    def finest(self) -> float:
        """Half a step: the error of a result that is rounded once; integers have none."""
        return 0.0 if rounding_of(self.dtype) is None else 0.5

    def limit(self, products: int) -> float:
        """Return the bound of Higham, section 3.1, in the same unit."""
        return error_limit(self.dtype, products)

    def error(self, candidate: Candidate, actual: Array, most: float = float("inf")) -> float:
        """Return the largest |difference| / (eps * (sum|x||w| + |b|)); of integers the largest difference.

        What underflow may lose, half of the smallest number for each product, is allowed beside it.
        """
        differences = differences_of(candidate.values, actual, equal_nan=self.equal_nan)
        rounding = rounding_of(self.dtype)
        if rounding is not None and candidate.magnitudes is not None:
            lost = candidate.products * rounding.smallest
            least = _largest(differences) / (candidate.magnitudes.most * rounding.epsilon + lost)
            if candidate.change is None and least > most:
                return least
            unit = candidate.magnitudes.of_each() * rounding.epsilon + lost
            alike = differences == 0
            differences /= unit
            # Beside a NaN or an infinity in the sum only what is equal is right, whatever the unit has become.
            differences[alike] = 0
            differences[np.isnan(differences)] = np.inf
            _off_before(differences, candidate, actual, unit, min(most, self.limit(candidate.products)))
        return _largest(differences)


class ByTolerance(NamedTuple):
    """By a tolerance for values of `dtype`; `reference` are the values that are expected without any mistake."""

    tolerance: Tolerance
    dtype: str
    equal_nan: bool

    @property
    def finest(self) -> float:
        """All within the tolerance is alike."""
        return 0.0 if self.tolerance.is_none else 1.0

    def limit(self, products: int) -> float:  # noqa: ARG002 - a tolerance knows no sums
        """Return 1: the tolerance itself."""
        return self.finest

    def error(self, candidate: Candidate, actual: Array, most: float = float("inf")) -> float:
        """Return the largest |difference| beside what is allowed it; the difference itself where nothing is."""
        values = candidate.values
        differences = differences_of(values, actual, equal_nan=self.equal_nan)
        if self.tolerance.is_none:
            return _largest(differences)
        rtol, atol, ulp = self.tolerance
        with np.errstate(all="ignore"):
            shares = differences / (np.abs(values) * rtol + atol)
            if ulp:
                steps = ulp_distances(values.reshape(-1), actual.reshape(-1), self.dtype) / ulp
                steps[~np.isfinite(differences.reshape(-1))] = np.inf
                shares = np.fmin(shares, steps.reshape(shares.shape))
        shares[differences == 0] = 0
        shares[np.isinf(differences)] = np.inf
        if candidate.change is not None:
            _off_before(shares, candidate, actual, np.abs(candidate.sums) * rtol + atol, min(most, self.finest))
        return _largest(shares)


def _off_before(shares: Array, candidate: Candidate, actual: Array, unit: Array, most: float) -> None:
    """Lower the shares beyond `most` of elements whose sums are off by less than that before they are changed."""
    change = candidate.change
    if change is None:
        return
    beyond = np.nonzero(~(shares <= most))
    # Few sums stand so near to where a change jumps; of the others no neighbour would tell more.
    if not beyond[0].size or 2 * beyond[0].size > shares.size:
        return
    sums, target, step = candidate.sums[beyond], actual[beyond], unit[beyond]
    least = shares[beyond]
    for part in _EARLIER_ERRORS:
        for off in (-part * most, part * most):
            # Infinities are equal, and what is equal is no further off than the sum was.
            near = change(sums + off * step)
            distances = np.where(near == target, 0, np.abs(near - target) / step)
            least = np.fmin(least, np.maximum(distances, abs(off)))
    shares[beyond] = least


def differences_of(values: Array, actual: Array, *, equal_nan: bool) -> Array:
    """Return |values - actual| as float64: 0 for equal infinities, infinite for a NaN beside what is none.

    >>> import numpy as np
    >>> one, other = np.array([np.inf, np.nan, 1.0]), np.array([np.inf, np.nan, 3.0])
    >>> differences_of(one, other, equal_nan=True)
    array([0., 0., 2.])
    """
    if values.dtype.kind == actual.dtype.kind == "i":
        # The difference of two int64 fits an unsigned one.
        apart: Array = (np.maximum(values, actual) - np.minimum(values, actual)).view(np.uint64).astype(np.float64)
        return apart
    with np.errstate(all="ignore"):
        differences: Array = np.abs(values - actual).astype(np.float64)
    if not np.isfinite(differences.sum()):
        # Of complex infinities that have one component alike the difference is NaN, though neither is.
        differences[np.isnan(differences)] = np.inf
        differences[values == actual] = 0
        if equal_nan:
            differences[np.isnan(values) & np.isnan(actual)] = 0
    return differences


def _largest(shares: Array) -> float:
    return float(shares.max()) if shares.size else 0.0
