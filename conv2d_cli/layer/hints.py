"""Hints that work: each is a text whose `name=value` parts would be accepted in place of what was given."""

from __future__ import annotations

import difflib
from math import gcd, isqrt
from typing import TYPE_CHECKING

from conv2d_cli.arithmetic.window import effective_kernel

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST_DIVISORS = 16
# Trial division beyond this would keep the user waiting; such channel counts do not exist.
_LARGEST_TRIAL = 100_000


def one_of(values: Iterable[object]) -> str:
    """Return `1, 2 or 4`."""
    *head, last = [str(value) for value in values]
    return f"{', '.join(head)} or {last}" if head else last


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known names that look like `name`, as `a or b`; None when none does."""
    close = difflib.get_close_matches(name.lower(), list(known), n=3, cutoff=0.6)
    return one_of(close) if close else None


def divisors(number: int) -> list[int]:
    """Return the divisors of a positive integer, ascending; above 10^10 only those below 10^5 and their cofactors."""
    small = [trial for trial in range(1, min(isqrt(number), _LARGEST_TRIAL) + 1) if number % trial == 0]
    return sorted({*small, *(number // trial for trial in small)})


def groups_that_fit(in_channels: int, out_channels: int, groups: int) -> str:
    """Return the groups that divide both channel counts; of very many, those nearest to what was given."""
    fitting = divisors(gcd(in_channels, out_channels))
    if len(fitting) > _MOST_DIVISORS:
        fitting = sorted(sorted(fitting, key=lambda divisor: abs(divisor - groups))[:_MOST_DIVISORS])
    return f"groups={one_of(fitting)}"


def padding_instead_of_same(kernel: tuple[int, int], dilation: tuple[int, int]) -> str | None:
    """Return the padding that halves the effective kernel, `(effective - 1) / 2`, or None when an axis is even."""
    effective = [effective_kernel(k, d) for k, d in zip(kernel, dilation, strict=True)]
    if any(size % 2 == 0 for size in effective):
        return None
    return f"padding={pair(tuple((size - 1) // 2 for size in effective))}"


def same_upper_instead_of_same(kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int]) -> str:
    """Return `same_upper` and the four values that it is on sizes that the stride divides."""
    totals = [max(0, effective_kernel(k, d) - s) for k, s, d in zip(kernel, stride, dilation, strict=True)]
    top, left = (total // 2 for total in totals)
    bottom, right = totals[0] - top, totals[1] - left
    return (
        f"padding=same_upper, which is padding={top},{left},{bottom},{right} (top,left,bottom,right) "
        "where the stride divides the size"
    )


def pair(values: tuple[int, ...]) -> str:
    """Return `3` when both axes agree, else `3,5`."""
    return str(values[0]) if len(set(values)) == 1 else ",".join(map(str, values))
