"""By how much a fact changes: a number by its difference and in percent of what it was, anything else by neither."""

from __future__ import annotations

from fractions import Fraction
from typing import TypeGuard


def change_of(before: object, after: object) -> tuple[int | float | None, float | None]:
    """Return the change and its percentage, None where there is none: of a word, of a list, of 0.

    The percentage is rounded once, so that twice as much is 100 percent more of any float.

    >>> change_of(8, 6), change_of(0, 6), change_of((3, 3), (5, 5)), change_of(True, False)
    ((-2, -25.0), (6, None), (None, None), (None, None))
    """
    if not _is_number(before) or not _is_number(after):
        return None, None
    return after - before, float(100 * (Fraction(after) / Fraction(before) - 1)) if before else None


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
