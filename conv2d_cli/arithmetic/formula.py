"""Formulas of numbers and names, read and worked out exactly; nothing is ever evaluated as Python.

Numbers, names, `+ - * / // % **`, comparisons (chained too), `and or not`, and brackets. Every number is exact: a
division gives a fraction, `600e6` is the whole number that it looks like.
"""

from __future__ import annotations

import ast
import operator
import warnings
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Step = Callable[[Mapping[str, "Number"]], "Number"]
    Comparison = Callable[[Any, Any], bool]

Number = int | Fraction | bool
# What a formula may hold, and how large a number may become: 2^4096 has more digits than any count.
_MOST_CHARACTERS, _MOST_BITS, _LARGEST_EXPONENT = 1000, 4096, 300

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: Fraction,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
}
_COMPARISONS: dict[type[ast.cmpop], Comparison] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


class FormulaError(ValueError):
    """A formula that cannot be read or worked out; the message says why."""


class Formula:
    """A formula that has been read; `names` are what it speaks of.

    >>> formula = Formula("2 * width // 3 <= 8e1")
    >>> formula.names, formula.value({"width": 120}), formula.value({"width": 123})
    (frozenset({'width'}), True, False)
    """

    def __init__(self, text: str) -> None:
        """Read a formula.

        Raises:
            FormulaError: it is none: something in it is neither a number, a name nor arithmetic.
        """
        if len(text) > _MOST_CHARACTERS:
            raise FormulaError(f"has {len(text)} characters, the most is {_MOST_CHARACTERS}")
        try:
            with warnings.catch_warnings():
                # `1or 2` is read, and Python would rather have a blank in it.
                warnings.simplefilter("ignore")
                tree = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise FormulaError(error.msg if isinstance(error, SyntaxError) else "nested too deeply") from None
        self._text = text.strip()
        # Whether it holds or fails, and is no number.
        self.is_condition = (
            isinstance(tree, ast.Compare | ast.BoolOp)
            or (isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not))
            or (isinstance(tree, ast.Constant) and isinstance(tree.value, bool))
        )
        self.names = frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
        try:
            self._value = self._step(tree)
        except RecursionError:
            raise FormulaError("nested too deeply") from None

    def value(self, names: Mapping[str, Number]) -> Number:
        """Return what it comes to.

        Raises:
            FormulaError: a name has no value, or a step has no result.
        """
        try:
            return self._value(names)
        except RecursionError:
            raise FormulaError("nested too deeply") from None

    def _step(self, node: ast.expr) -> Step:
        """Return what works a part of the formula out: read once, it is worked out for a million rows."""
        if isinstance(node, ast.Constant):
            number = self._number(node)
            return lambda _: number
        if isinstance(node, ast.Name):
            return _named(node.id)
        if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
            op, left, right = node.op, self._step(node.left), self._step(node.right)
            return lambda names: _worked_out(op, left(names), right(names))
        if isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
            unary, operand = _UNARY[type(node.op)], self._step(node.operand)
            return lambda names: unary(operand(names))
        if isinstance(node, ast.BoolOp):
            ends, parts = isinstance(node.op, ast.Or), [*map(self._step, node.values)]
            return lambda names: ends if any(bool(part(names)) is ends for part in parts) else not ends
        if isinstance(node, ast.Compare) and _COMPARISONS.keys() >= {*map(type, node.ops)}:
            first, *others = map(self._step, (node.left, *node.comparators))
            compared = [*zip([_COMPARISONS[type(op)] for op in node.ops], others, strict=True)]
            return lambda names: _holds(first(names), compared, names)
        raise FormulaError(f"{ast.get_source_segment(self._text, node)!r} is neither a number, a name nor arithmetic")

    def _number(self, node: ast.Constant) -> Number:
        if type(node.value) in {int, bool}:
            return node.value  # type: ignore[return-value]
        if type(node.value) is float:
            # As it is written, not as a float would round it.
            written = (ast.get_source_segment(self._text, node) or "").replace("_", "")
            exponent = written.lower().partition("e")[2]
            if abs(int(exponent or "0")) > _LARGEST_EXPONENT:
                raise FormulaError("a number that is too large")
            exact = Fraction(written)
            return int(exact) if exact.denominator == 1 else exact
        raise FormulaError(f"{ast.get_source_segment(self._text, node)!r} is no number")


def _named(name: str) -> Step:
    def value(names: Mapping[str, Number]) -> Number:
        if name not in names:
            raise FormulaError(f"there is no {name!r} here")
        return names[name]

    return value


def _holds(value: Number, compared: Sequence[tuple[Comparison, Step]], names: Mapping[str, Number]) -> bool:
    """Whether a chain of comparisons holds; what stands behind the first that does not is not worked out."""
    for comparison, step in compared:
        following = step(names)
        if not comparison(value, following):
            return False
        value = following
    return True


def _worked_out(op: ast.operator, left: Number, right: Number) -> Number:
    """Return the result of an operation, whole where it is.

    Raises:
        FormulaError: there is none, or it is larger than anything counted here.
    """
    if isinstance(op, ast.Div | ast.FloorDiv | ast.Mod) and not right:
        raise FormulaError("a division by 0")
    if isinstance(op, ast.Pow):
        if not isinstance(right, int) or (not left and right < 0) or max(_bits(left), 1) * abs(right) > _MOST_BITS:
            raise FormulaError("a power that is too large, or no number")
        if right < 0:
            return Fraction(1) / Fraction(left) ** -right
    result = _BINARY[type(op)](left, right)
    if isinstance(result, Fraction) and result.denominator == 1:
        result = int(result)
    if _bits(result) > _MOST_BITS:
        raise FormulaError("a number that is too large")
    return result  # type: ignore[no-any-return]


def _bits(number: Number) -> int:
    return max(abs(number.numerator), number.denominator).bit_length()


@lru_cache(maxsize=4096)
def formula_of(text: str) -> Formula:
    """Return a formula, read once for each text.

    Raises:
        FormulaError: it is none.
    """
    return Formula(text)
