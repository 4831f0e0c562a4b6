"""Divisors: the numbers of groups that a layer can have."""

from __future__ import annotations

from math import isqrt

# Trial division beyond this would keep the user waiting; such channel counts do not exist.
_LARGEST_TRIAL = 100_000


def divisors(number: int) -> list[int]:
    """Return the divisors of a positive integer, ascending; above 10^10 only those below 10^5 and their cofactors.

    >>> divisors(12)
    [1, 2, 3, 4, 6, 12]
    """
    small = [trial for trial in range(1, min(isqrt(number), _LARGEST_TRIAL) + 1) if number % trial == 0]
    return sorted({*small, *(number // trial for trial in small)})
