"""By how much a fact changes: a number by its difference and in percent of what it was, anything else by neither."""

from __future__ import annotations

from typing import TypeGuard


def change_of(before: object, after: object) -> tuple[int | float | None, float | None]:
    """Return the change and its percentage, None where there is none: of a word, of a list, of 0.

    >>> change_of(8, 6), change_of(0, 6), change_of((3, 3), (5, 5)), change_of(True, False)
    ((-2, -25.0), (6, None), (None, None), (None, None))
    """
    if not _is_number(before) or not _is_number(after):
        return None, None
    change = after - before
    return change, 100 * change / before if before else None


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
