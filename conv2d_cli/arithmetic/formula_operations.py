"""What the operators of a formula do: exact numbers to exact numbers, of a size that has a bound."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from fractions import Fraction
from math import isfinite

from conv2d_cli.arithmetic.formula_text import FormulaError

Number = int | Fraction
Operation = Callable[[Number, Number], Number]
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


def applied(operation: Operation, left: Number, right: Number) -> Number:
    """Return what an operation makes of two numbers, whole where it is.

    Raises:
        FormulaError: there is no result, or it is larger than anything counted here.

    >>> applied(OPERATIONS[ast.Div], 6, 4), applied(OPERATIONS[ast.Div], 6, 3)
    (Fraction(3, 2), 2)
    """
    try:
        return _bounded(operation(left, right))
    except ZeroDivisionError:
        raise FormulaError("a division by 0") from None


def _bounded(result: Number) -> Number:
    if _bits(result) > _MOST_BITS:
        raise FormulaError("a number that is too large")
    return result.numerator if result.denominator == 1 else result


def _bits(number: Number) -> int:
    return max(number.numerator.bit_length(), number.denominator.bit_length())


def _quotient(left: Number, right: Number) -> Number:
    return Fraction(left) / right


def _power(left: Number, right: Number) -> Number:
    if right.denominator != 1:
        raise FormulaError("a power whose exponent is no whole number")
    exponent = right.numerator
    # The powers of 0, 1 and -1 stay small, all others grow by a bit at least.
    if left not in {0, 1, -1} and _bits(left) * abs(exponent) > _MOST_BITS:
        raise FormulaError("a power that is too large")
    return Fraction(left) ** exponent if exponent < 0 else left**exponent


OPERATIONS: dict[type[ast.operator], Operation] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: _quotient,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: _power,
}
COMPARISONS: dict[type[ast.cmpop], Callable[[Number, Number], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
