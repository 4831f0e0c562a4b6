"""The roofline: the least time that work takes on a machine, by its peak of operations and its memory bandwidth.

Source: S. Williams, A. Waterman and D. Patterson, "Roofline: an insightful visual performance model for multicore
architectures", Communications of the ACM 52(4), 2009.
"""

from __future__ import annotations

from fractions import Fraction
from math import fsum, inf
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.arithmetic.counts import flops

if TYPE_CHECKING:
    from collections.abc import Iterable

COMPUTE, MEMORY = "compute", "memory"
Rate = int | Fraction


class Roofline(NamedTuple):
    """A machine: the operations that it does, and the bytes that it moves, in a second at most."""

    peak_flops: Rate
    bandwidth: Rate

    @property
    def ridge_point(self) -> float:
        """Return the operations per byte from which on the peak is the limit, and no longer the memory.

        >>> Roofline(1_200_000_000_000, 40_000_000_000).ridge_point
        30.0
        """
        return _quotient(self.peak_flops, self.bandwidth)


class LeastTime(NamedTuple):
    """The seconds that work takes at least, and what limits it: None where there is no work."""

    seconds: float
    limited_by: str | None


def seconds_at_least(macs: int, moved_bytes: int, peak_flops: Rate, bandwidth: Rate) -> LeastTime:
    """Return max(2 * macs / peak, bytes / bandwidth): operations and transfers overlap at best.

    At the ridge point, where both take as long, compute is the limit.

    Args:
        macs: multiply-adds, two operations each.
        moved_bytes: bytes of input, parameters and output, each moved once.
        peak_flops: operations a second, above 0.
        bandwidth: bytes a second, above 0.

    >>> seconds_at_least(118_013_952, 3_851_136, 1_200_000_000_000, 40_000_000_000)
    LeastTime(seconds=0.00019668992, limited_by='compute')
    """
    operations = flops(macs)
    if not operations and not moved_bytes:
        return LeastTime(0.0, None)
    # Both sides of operations / peak >= bytes / bandwidth, multiplied out: exact.
    if operations * bandwidth >= moved_bytes * peak_flops:
        return LeastTime(_quotient(operations, peak_flops), COMPUTE)
    return LeastTime(_quotient(moved_bytes, bandwidth), MEMORY)


def one_after_the_other(parts: Iterable[LeastTime]) -> LeastTime:
    """Return the sum of least times, limited by what limits the larger part of it."""
    listed = [*parts]
    limits = {limit: fsum(part.seconds for part in listed if part.limited_by == limit) for limit in (COMPUTE, MEMORY)}
    seconds = fsum(part.seconds for part in listed)
    if not any(part.limited_by for part in listed):
        return LeastTime(seconds, None)
    return LeastTime(seconds, COMPUTE if limits[COMPUTE] >= limits[MEMORY] else MEMORY)


def _quotient(left: Rate, right: Rate) -> float:
    """Return the nearest float; infinite beyond the largest."""
    exact = Fraction(left) / right
    try:
        return exact.numerator / exact.denominator
    except OverflowError:
        return inf
