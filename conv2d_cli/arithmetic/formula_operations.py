"""What the operators of a formula do: exact numbers to exact numbers, of a size that has a bound."""

from __future__ import annotations

import operator
from fractions import Fraction
from math import isfinite
from typing import TYPE_CHECKING

from conv2d_cli.arithmetic.formula_tokens import FormulaError

if TYPE_CHECKING:
    from collections.abc import Callable

Number = int | Fraction
# 2^4096 has more digits than any count; what is larger would only take time.
_MOST_BITS = 4096


def exact(value: float | Fraction) -> Number:
    """Return a value as a formula counts with it: a float is the decimal number that it is printed as.

    So what `--get` prints is equal to the number: 0.1 is a tenth, and not the nearest binary fraction.

    Raises:
        FormulaError: it is no finite number.

    >>> exact(0.1)
    Fraction(1, 10)
    """
    if isinstance(value, int | Fraction):
        return value
    if not isfinite(value):
        raise FormulaError(f"{value} is no number to count with")
    return _bounded(Fraction(repr(float(value))))


def _bounded(result: Number) -> Number:
    """Return a result, whole where it is.

    Raises:
        FormulaError: it is larger than anything counted here.
    """
    if _bits(result) > _MOST_BITS:
        raise FormulaError("a number that is too large")
    return result.numerator if result.denominator == 1 else result


def _bits(number: Number) -> int:
    return max(number.numerator.bit_length(), number.denominator.bit_length())


def _sum(left: Number, right: Number) -> Number:
    return _bounded(left + right)


def _difference(left: Number, right: Number) -> Number:
    return _bounded(left - right)


def _product(left: Number, right: Number) -> Number:
    return _bounded(left * right)


def _quotient(left: Number, right: Number) -> Number:
    return _bounded(Fraction(left) / _divisor(right))


def _floor(left: Number, right: Number) -> Number:
    return _bounded(left // _divisor(right))


def _remainder(left: Number, right: Number) -> Number:
    return _bounded(left % _divisor(right))


def _divisor(right: Number) -> Number:
    if not right:
        raise FormulaError("a division by 0")
    return right


def _power(left: Number, right: Number) -> Number:
    if right.denominator != 1:
        raise FormulaError("a power whose exponent is no whole number")
    if not left and right < 0:
        raise FormulaError("a division by 0")
    exponent = right.numerator
    # The powers of 0, 1 and -1 stay small, all others grow by a bit at least.
    if left not in {0, 1, -1} and _bits(left) * abs(exponent) > _MOST_BITS:
        raise FormulaError("a power that is too large")
    return _bounded(Fraction(left) ** exponent if exponent < 0 else left**exponent)


OPERATIONS: dict[str, Callable[[Number, Number], Number]] = {
    "+": _sum,
    "-": _difference,
    "*": _product,
    "/": _quotient,
    "//": _floor,
    "%": _remainder,
    "**": _power,
}
COMPARISONS: dict[str, Callable[[Number, Number], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
