"""A formula's words to what works it out: operators by how strongly they bind, as in Python, and a function for each.

V. Pratt, "Top down operator precedence", 1973. What stands to the left of an operator is a chain that is gone through
in a loop, so that only brackets, signs, `not` and exponents nest, of which there is a bound.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.arithmetic.formula_operations import COMPARISONS, OPERATIONS, Number, exact
from conv2d_cli.arithmetic.formula_tokens import FormulaError, Token, number_of
from conv2d_cli.errors import cut

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from fractions import Fraction

    Values = Mapping[str, int | float | Fraction]
    # What a part of a formula comes to; a condition is True or False, which are numbers of Python.
    Function = Callable[[Values], Number]

_DEEPEST = 50
_OR, _AND, _NOT, _COMPARISON, _SUM, _PRODUCT, _SIGN, _POWER = range(1, 9)
_STRENGTHS = {
    "or": _OR,
    "and": _AND,
    **dict.fromkeys(COMPARISONS, _COMPARISON),
    **dict.fromkeys(("+", "-"), _SUM),
    **dict.fromkeys(("*", "/", "//", "%"), _PRODUCT),
    "**": _POWER,
}
_WORDS = frozenset({"and", "or", "not"})


class Part(NamedTuple):
    """A part of a formula that begins at a word: what it comes to, known already where it has no names.

    `name` is that of a part that is nothing but a name.
    """

    start: Token
    function: Function
    is_condition: bool = False
    constant: Number | None = None
    name: str | None = None


class Reader:
    """Reads a formula's words, once; `names` are those that it speaks of, `truths` those that stand as conditions."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        """Begin at the first word."""
        self._tokens = tokens
        self._place = 0
        self._depth = 0
        self.names: set[str] = set()
        self.truths: set[str] = set()

    def formula(self) -> Part:
        """Return all of the formula.

        Raises:
            FormulaError: it is none.
        """
        part = self._chain(_OR)
        token = self._next
        if token.text == ")":
            raise FormulaError(f"{token} closes a bracket that was not opened")
        if token.kind != "end":
            raise FormulaError(_unexpected(token, self._tokens[self._place - 1]))
        return part

    @property
    def _next(self) -> Token:
        return self._tokens[self._place]

    def _take(self) -> Token:
        token = self._next
        self._place += 1
        return token

    def _chain(self, weakest: int) -> Part:
        """Return an operand and all that operators of at least this strength add to it."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise FormulaError(f"{self._next} is nested more than {_DEEPEST} deep")
        left = self._operand(weakest)
        while (strength := _STRENGTHS.get(self._next.text, 0)) >= weakest:
            if strength <= _AND:
                left = self._junction(left, strength)
            elif strength == _COMPARISON:
                left = self._comparison(left)
            else:
                left = self._arithmetic(left, max(weakest, _SUM))
        self._depth -= 1
        return left

    def _operand(self, weakest: int) -> Part:
        token = self._take()
        if token.kind == "number":
            return _constant(token, number_of(token))
        if token.text == "(":
            inner = self._chain(_OR)
            if self._next.text != ")":
                if self._next.kind == "end":
                    raise FormulaError(f"{token} is not closed")
                raise FormulaError(_unexpected(self._next, self._tokens[self._place - 1]))
            self._take()
            return inner._replace(start=token)
        if token.text in {"+", "-"}:
            return _signed(token, self._number(self._chain(_SIGN)))
        if token.text == "not":
            if weakest > _NOT:
                raise FormulaError(f"{token} needs brackets around it and its condition")
            condition = self._condition(self._chain(_NOT))
            return Part(token, lambda values: not condition(values), is_condition=True)
        if token.kind == "name" and token.text not in _WORDS:
            self.names.add(token.text)
            return Part(token, _value_of(token.text), name=token.text)
        raise FormulaError(f"a number or a key is missing before {token}")

    def _arithmetic(self, first: Part, weakest: int) -> Part:
        """Return a chain of operations of at least this strength, which are done as they come, from left to right.

        An operator that binds more strongly than the one before it is in that one's right operand already.
        """
        self._number(first)
        steps: list[tuple[Callable[[Number, Number], Number], Function]] = []
        constant = first.constant
        while (strength := _STRENGTHS.get(self._next.text, 0)) >= weakest:
            operation = OPERATIONS[self._take().text]
            # Powers are made from the right.
            right = self._number(self._chain(_SIGN if strength == _POWER else strength + 1))
            if constant is not None and right.constant is not None and not steps:
                constant = operation(constant, right.constant)
                continue
            steps.append((operation, right.function))
        start = first.function if constant is None else _constant(first.start, constant).function
        return Part(first.start, _stepped(start, steps), constant=None if steps else constant)

    def _comparison(self, first: Part) -> Part:
        """Return a chain of comparisons: `1 < a <= 5` holds where both do."""
        left, links = self._number(first), list[tuple["Callable[[Number, Number], bool]", Part]]()
        while self._next.text in COMPARISONS:
            compare = COMPARISONS[self._take().text]
            links.append((compare, self._number(self._chain(_SUM))))
        return Part(first.start, _compared(left, links), is_condition=True)

    def _junction(self, first: Part, strength: int) -> Part:
        """Return conditions that are joined by one word, worked out until one decides."""
        word, parts = self._next.text, [self._condition(first)]
        while self._next.text == word:
            self._take()
            parts.append(self._condition(self._chain(strength + 1)))
        return Part(first.start, _joined(parts, decides=word == "or"), is_condition=True)

    def _number(self, part: Part) -> Part:
        if part.is_condition:
            raise FormulaError(f"{part.start}: a condition stands where a number belongs")
        return part

    def _condition(self, part: Part) -> Function:
        if part.is_condition:
            return part.function
        if part.name is None:
            raise FormulaError(f"{part.start}: a number stands where a condition belongs, as in 'a > 0 and b > 0'")
        self.truths.add(part.name)
        return lambda values: bool(part.function(values))


def _unexpected(token: Token, before: Token) -> str:
    """Return what is wrong with a word that stands where an operator belongs."""
    if token.text == "(" and before.kind == "name":
        return f"'{cut(before.text)}(' at character {before.place} is a call, which a formula has not"
    return f"an operator is missing before {token}"


def _constant(token: Token, number: Number) -> Part:
    return Part(token, lambda _: number, constant=number)


def _value_of(name: str) -> Function:
    def value(values: Values) -> Number:
        found = values[name]
        return found if type(found) is int else exact(found)

    return value


def _signed(sign: Token, part: Part) -> Part:
    if sign.text == "+":
        return part._replace(start=sign)
    if part.constant is not None:
        return _constant(sign, -part.constant)
    function = part.function
    return Part(sign, lambda values: -function(values))


def _stepped(start: Function, steps: Sequence[tuple[Callable[[Number, Number], Number], Function]]) -> Function:
    if not steps:
        return start
    if len(steps) == 1:
        [(operation, right)] = steps
        return lambda values: operation(start(values), right(values))

    def worked_out(values: Values) -> Number:
        result = start(values)
        for operation, right in steps:
            result = operation(result, right(values))
        return result

    return worked_out


def _compared(first: Part, links: Sequence[tuple[Callable[[Number, Number], bool], Part]]) -> Function:
    start = first.function
    if len(links) == 1:
        [(compare, part)] = links
        if part.constant is not None:
            limit = part.constant
            return lambda values: compare(start(values), limit)
        end = part.function
        return lambda values: compare(start(values), end(values))

    def holds(values: Values) -> bool:
        left = start(values)
        for compare, part in links:
            right = part.function(values)
            if not compare(left, right):
                return False
            left = right
        return True

    return holds


def _joined(parts: Sequence[Function], *, decides: bool) -> Function:
    if len(parts) == 2:  # noqa: PLR2004 - the usual case, in half the time
        first, second = parts
        if decides:
            return lambda values: first(values) or second(values)
        return lambda values: first(values) and second(values)

    def holds(values: Values) -> bool:
        return decides if any(part(values) is decides for part in parts) else not decides

    return holds
