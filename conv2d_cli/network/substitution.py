"""Values in blocks: the block's arguments put in where they are named, alone or in arithmetic."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from conv2d_cli.arithmetic.formula import FormulaError, formula_of
from conv2d_cli.errors import DataError, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_LIST = 64


def substituted(value: object, values: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 - what a file says
    """Return a value with the arguments of its block put in: a name alone, or arithmetic of them.

    Args:
        value: what stands in the file: a number, a word, or a list of those.
        values: the arguments of the block by name; none outside of blocks.
        path: where the value stands.

    Raises:
        DataError: it is no such value, or the arithmetic has no result.

    >>> substituted(["2 * width", 1, "same"], {"width": 8}, "layers[0].kernel_size")
    [16, 1, 'same']
    """
    if not isinstance(value, list):
        return _of_text(value, values, path) if isinstance(value, str) and values else _simple(value, path)
    if len(value) > _LONGEST_LIST:
        raise DataError(f"{path}: a list of {len(value)} values, the most is {_LONGEST_LIST}")
    parts = [_simple(one, f"{path}[{place}]") for place, one in enumerate(value)]
    return [
        _of_text(one, values, f"{path}[{place}]") if isinstance(one, str) and values else one
        for place, one in enumerate(parts)
    ]


def _simple(value: object, path: str) -> object:
    if isinstance(value, dict | list):
        raise DataError(f"{path}: a {'table' if isinstance(value, dict) else 'list'} where one value belongs")
    return value


def names_in(text: str) -> frozenset[str]:
    """Return the names of arithmetic; none where a word is no arithmetic.

    >>> names_in("2 * width"), names_in("7x7")
    (frozenset({'width'}), frozenset())
    """
    try:
        return formula_of(text).names
    except FormulaError:
        return frozenset()


def _of_text(text: str, values: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 - what a file says
    if text in values:
        return values[text]
    names = names_in(text)
    if not names or not names <= {*values}:
        return text
    other = next((name for name in sorted(names) if not isinstance(values[name], int | float)), None)
    if other is not None:
        raise DataError(f"{path}: {shown(text)} has no value: {other} is {shown(values[other])}, no number")
    exact = {
        name: Fraction(value) if isinstance(value, float) else value for name, value in values.items() if name in names
    }
    try:
        value = formula_of(text).value(exact)
        return float(value) if isinstance(value, Fraction) else value
    except (FormulaError, OverflowError) as error:
        raise DataError(f"{path}: {shown(text)} has no value: {error}") from None
