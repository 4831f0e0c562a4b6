"""Formulas of numbers and names, read by Python's parser and worked out exactly; nothing is evaluated as Python.

Numbers, names, `+ - * / // % **`, comparisons (chained too), `and or not`, and brackets; operators bind as in Python.
Every number is exact: a division gives a fraction, `600e6` is the whole number that it looks like. A formula is read
once and then a function, so that a million rows can be asked.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from conv2d_cli.arithmetic.formula_operations import Number
from conv2d_cli.arithmetic.formula_reading import Reader
from conv2d_cli.arithmetic.formula_text import FormulaError, tree_of
from conv2d_cli.errors import shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

__all__ = ["Formula", "FormulaError", "Number", "formula_of"]


class Formula:
    """A formula that has been read; `names` are what it speaks of.

    `is_condition` is whether it holds or fails, and is no number. `truths` are the names that it takes for conditions,
    as in `a or b > 0`: of a name that is a number this is a mistake.

    >>> formula = Formula("2 * width // 3 <= 8e1")
    >>> formula.names, formula.value({"width": 120}), formula.value({"width": 123})
    (frozenset({'width'}), True, False)
    """

    def __init__(self, text: str) -> None:
        """Read a formula.

        Raises:
            FormulaError: it is none; the message says what is wrong at which character.
        """
        line, tree = tree_of(text)
        reader = Reader(line)
        whole = reader.part(tree)
        self.names = frozenset(reader.names)
        self.truths = frozenset(reader.truths)
        self.is_condition = whole.is_condition
        self._function = whole.function

    def value(self, names: Mapping[str, int | float | Fraction]) -> Number:
        """Return what it comes to; a float counts as the decimal number that it is printed as.

        Raises:
            FormulaError: a name has no value, or a step has no result.
        """
        try:
            return self._function(names)
        except KeyError as error:
            raise FormulaError(f"there is no {shown(error.args[0])} here") from None


@lru_cache(maxsize=4096)
def formula_of(text: str) -> Formula:
    """Return a formula, read once for each text.

    Raises:
        FormulaError: it is none.
    """
    return Formula(text)
