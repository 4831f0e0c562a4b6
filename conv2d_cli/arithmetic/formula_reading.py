"""A formula's tree to a function that works it out: what is no number, key, operator or bracket is refused here."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.arithmetic.formula_operations import COMPARISONS, OPERATIONS, Number, Operation, applied, exact
from conv2d_cli.arithmetic.formula_text import DEEPEST, GRAMMAR, NESTED, FormulaError, number_of, source_of, text_of
from conv2d_cli.errors import cut

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from fractions import Fraction

    Values = Mapping[str, int | float | Fraction]
    # What a part of a formula comes to; a condition is True or False, which are numbers of Python.
    Function = Callable[[Values], Number]


class Part(NamedTuple):
    """What a part of a formula comes to, known already where it has no names."""

    function: Function
    is_condition: bool = False
    constant: Number | None = None


class Reader:
    """Reads the parts of a formula; `names` are those that it speaks of, `truths` those that stand as conditions."""

    def __init__(self, line: str) -> None:
        """Begin with the text that the tree is of."""
        self._line = line
        self._depth = 0
        self.names: set[str] = set()
        self.truths: set[str] = set()

    def part(self, node: ast.expr) -> Part:
        """Return a part of the formula, or all of it.

        Raises:
            FormulaError: it holds what a formula has not, or has no result whatever the names are.
        """
        self._depth += 1
        if self._depth > DEEPEST:
            raise FormulaError(f"{source_of(self._line, node)} {NESTED}")
        found = self._part(node)
        self._depth -= 1
        return found

    def _part(self, node: ast.expr) -> Part:
        match node:
            case ast.Constant():
                return _constant(number_of(self._line, node))
            case ast.Name():
                name = text_of(self._line, node)
                self.names.add(name)
                return Part(_value_of(name))
            case ast.UnaryOp(op=ast.UAdd() | ast.USub() as sign, operand=operand):
                return _signed(sign, self._number(operand))
            case ast.BinOp(op=operation) if type(operation) in OPERATIONS:
                return self._arithmetic(node)
            case _:
                return Part(self._truth(node), is_condition=True)

    def _truth(self, node: ast.expr) -> Function:
        match node:
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                condition = self._condition(operand)
                return lambda values: not condition(values)
            case ast.Compare(left=left, ops=signs, comparators=others):
                parts = [self._number(operand) for operand in (left, *others)]
                links = zip(parts, signs, parts[1:], strict=False)
                # A chain holds where each of its links does.
                return _joined([_compared(*link) for link in links], decides=False)
            case ast.BoolOp(op=word, values=conditions):
                functions = [self._condition(condition) for condition in conditions]
                return _joined(functions, decides=isinstance(word, ast.Or))
            case ast.Call(func=function):
                name = cut(text_of(self._line, function))
                raise FormulaError(f"'{name}(' at character {node.col_offset + 1} is a call, which a formula has not")
            case _:
                raise FormulaError(f"{source_of(self._line, node)}: {GRAMMAR}")

    def _arithmetic(self, node: ast.expr) -> Part:
        """Return operations in the order in which they are done; `a + b + c` is as deep as its longest operand."""
        chain: list[tuple[Operation, ast.expr]] = []
        while isinstance(node, ast.BinOp) and type(node.op) in OPERATIONS:
            chain.append((OPERATIONS[type(node.op)], node.right))
            node = node.left
        first = self._number(node)
        steps: list[tuple[Operation, Function]] = []
        for operation, operand in reversed(chain):
            right = self._number(operand)
            if first.constant is not None and right.constant is not None and not steps:
                first = _constant(applied(operation, first.constant, right.constant))
            else:
                steps.append((operation, right.function))
        return Part(_stepped(first.function, steps)) if steps else first

    def _number(self, node: ast.expr) -> Part:
        part = self.part(node)
        if part.is_condition:
            raise FormulaError(f"{source_of(self._line, node)}: a condition stands where a number belongs")
        return part

    def _condition(self, node: ast.expr) -> Function:
        part = self.part(node)
        if part.is_condition:
            return part.function
        if not isinstance(node, ast.Name):
            told = "a number stands where a condition belongs, as in 'a > 0 and b > 0'"
            raise FormulaError(f"{source_of(self._line, node)}: {told}")
        self.truths.add(text_of(self._line, node))
        return lambda values: bool(part.function(values))


def _constant(number: Number) -> Part:
    return Part(lambda _: number, constant=number)


def _value_of(name: str) -> Function:
    def value(values: Values) -> Number:
        found = values[name]
        return found if type(found) is int else exact(found)

    return value


def _signed(sign: ast.unaryop, part: Part) -> Part:
    if isinstance(sign, ast.UAdd):
        return part
    if part.constant is not None:
        return _constant(-part.constant)
    function = part.function
    return Part(lambda values: -function(values))


def _stepped(start: Function, steps: Sequence[tuple[Operation, Function]]) -> Function:
    def worked_out(values: Values) -> Number:
        result = start(values)
        for operation, right in steps:
            result = applied(operation, result, right(values))
        return result

    return worked_out


def _compared(first: Part, sign: ast.cmpop, last: Part) -> Function:
    compare, start, end, limit = COMPARISONS[type(sign)], first.function, last.function, last.constant
    if limit is not None:
        # The usual case, in two thirds of the time.
        return lambda values: compare(start(values), limit)
    return lambda values: compare(start(values), end(values))


def _joined(parts: Sequence[Function], *, decides: bool) -> Function:
    """Return conditions that are worked out from the left until one decides; by halves, which nest but little."""
    if len(parts) == 1:
        return parts[0]
    half = len(parts) // 2
    first, second = _joined(parts[:half], decides=decides), _joined(parts[half:], decides=decides)
    if decides:
        return lambda values: first(values) or second(values)
    return lambda values: first(values) and second(values)
