"""A formula worked out in front of the reader: numbers for the names, then brackets, products and sums, a line each.

The formulas are the program's own: `+ - * / // %`, `floor`, `ceil` and `max` are all that those of a convolution
need. Names may have an index, as `stride[0]`. What users type is read by `formula`.
"""

from __future__ import annotations

import ast
import math
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

# Halves and quarters are read more easily as decimals, thirds as fractions.
_DECIMALS = 4
_LARGEST_DENOMINATOR = 10**_DECIMALS


class Name(NamedTuple):
    """What a number is put in for."""

    text: str


class Sum(NamedTuple):
    """Terms, each with its sign: +1 or -1."""

    terms: tuple[tuple[int, Node], ...]


class Product(NamedTuple):
    """Factors from left to right, each with the sign in front of it; that of the first is `*`."""

    factors: tuple[tuple[str, Node], ...]


class Call(NamedTuple):
    """`floor`, `ceil` or `max`."""

    function: str
    arguments: tuple[Node, ...]


Number = int | Fraction
Node = int | Fraction | Name | Sum | Product | Call

_SUMS: dict[type[ast.operator], int] = {ast.Add: 1, ast.Sub: -1}
_PRODUCTS: dict[type[ast.operator], str] = {ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%"}
_FUNCTIONS: dict[str, Callable[..., Number]] = {"floor": math.floor, "ceil": math.ceil, "max": max}


class Derivation(NamedTuple):
    """A formula and what becomes of it: `lines` are equal to one another, and to `result`.

    `result` is None where a name has no number: the last line is then as short as it gets.
    """

    name: str
    formula: str
    lines: tuple[str, ...]
    result: Number | None


def derived(formula: str, numbers: Mapping[str, int]) -> Derivation:
    """Return a formula `name = ...` worked out with these numbers.

    >>> for line in derived("H_out = floor((H_in + 2 * padding[0] - 3) / 2 + 1)", {"H_in": 50, "padding[0]": 4}).lines:
    ...     print(line)
    floor((50 + 2 * 4 - 3) / 2 + 1)
    floor((50 + 8 - 3) / 2 + 1)
    floor(55 / 2 + 1)
    floor(27.5 + 1)
    floor(28.5)
    >>> derived("H_out = floor((H_in + 2 * padding[0] - 3) / 2 + 1)", {"padding[0]": 4}).lines[-1]
    'floor((H_in + 5) / 2 + 1)'
    """
    name, _, right = formula.partition(" = ")
    node = _with_numbers(_read(right), numbers)
    lines = [_text(node)]
    while (following := _reduced(node)) != node:
        node = following
        lines.append(_text(node))
    if not isinstance(node, int | Fraction):
        return Derivation(name, formula, tuple(lines), None)
    # The result itself is no line, unless there is no other.
    return Derivation(name, formula, tuple(lines[:-1] or lines), node)


@lru_cache(maxsize=256)
def _read(text: str) -> Node:
    return _node_of(ast.parse(text, mode="eval").body)


def _node_of(tree: ast.expr) -> Node:
    """Return what Python's parser has found; sums and products hold all their parts side by side."""
    if isinstance(tree, ast.Constant) and isinstance(tree.value, int):
        return tree.value
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name):
        return Call(tree.func.id, tuple(map(_node_of, tree.args)))
    if isinstance(tree, ast.BinOp):
        left, right = _node_of(tree.left), _node_of(tree.right)
        if type(tree.op) in _SUMS:
            return Sum((*(left.terms if isinstance(left, Sum) else ((1, left),)), (_SUMS[type(tree.op)], right)))
        factors = left.factors if isinstance(left, Product) else (("*", left),)
        return Product((*factors, (_PRODUCTS[type(tree.op)], right)))
    return Name(ast.unparse(tree))


def _with_numbers(node: Node, numbers: Mapping[str, int]) -> Node:
    if isinstance(node, Name):
        return numbers.get(node.text, node)
    return _rebuilt(node, lambda part: _with_numbers(part, numbers))


def _rebuilt(node: Node, change: Callable[[Node], Node]) -> Node:
    """Return a node whose parts are changed."""
    if isinstance(node, Sum):
        return Sum(tuple((sign, change(term)) for sign, term in node.terms))
    if isinstance(node, Product):
        return Product(tuple((sign, change(factor)) for sign, factor in node.factors))
    if isinstance(node, Call):
        return Call(node.function, tuple(map(change, node.arguments)))
    return node


def _reduced(node: Node) -> Node:
    """Return a node one step further: its parts where one of them has a step to take, else itself."""
    inside = _rebuilt(node, _reduced)
    if inside != node:
        return inside
    if isinstance(node, Sum):
        return _sum_of(node)
    if isinstance(node, Product):
        return _product_of(node)
    return _value_of(node) if isinstance(node, Call) else node


def _sum_of(node: Sum) -> Node:
    """Return the names of a sum, and all its numbers as one behind them."""
    terms = [*_flat(node.terms)]
    total = sum(sign * term for sign, term in terms if isinstance(term, int | Fraction))
    kept: list[tuple[int, Node]] = [(sign, term) for sign, term in terms if not isinstance(term, int | Fraction)]
    if not kept:
        return total
    if total:
        kept.append((1 if total > 0 else -1, abs(total)))
    return kept[0][1] if len(kept) == 1 and kept[0][0] == 1 else Sum(tuple(kept))


def _flat(terms: Iterable[tuple[int, Node]]) -> Iterator[tuple[int, Node]]:
    """Yield the terms of sums within a sum."""
    for sign, term in terms:
        if isinstance(term, Sum):
            yield from ((sign * inner, part) for inner, part in term.terms)
        else:
            yield sign, term


def _product_of(node: Product) -> Node:
    """Return the product from left to right; of names and numbers, the numbers as one in front."""
    if all(isinstance(factor, int | Fraction) for _, factor in node.factors):
        value: Number = 1
        for sign, factor in node.factors:
            value = _times(value, sign, factor)  # type: ignore[arg-type]
        return value
    factors = _without_ones(node.factors)
    if all(sign == "*" for sign, _ in factors):
        numbers = [factor for _, factor in factors if isinstance(factor, int | Fraction)]
        number = math.prod(numbers)
        names: list[tuple[str, Node]] = [one for one in factors if not isinstance(one[1], int | Fraction)]
        factors = names if number == 1 else [("*", number), *names]
    return factors[0][1] if len(factors) == 1 else Product(tuple(factors))


def _without_ones(factors: Sequence[tuple[str, Node]]) -> list[tuple[str, Node]]:
    """Return the factors but for those that change nothing: `1 // a` and `a // 1` need their ones, `1 * a` does not."""
    first, *rest = factors
    kept = [(sign, factor) for sign, factor in rest if factor != 1 or sign not in {"*", "/"}]
    return kept if kept and first[1] == 1 and kept[0][0] == "*" else [first, *kept]


def _times(left: Number, sign: str, right: Number) -> Number:
    if sign == "*":
        return _whole(left * right)
    if sign == "/":
        return _whole(Fraction(left) / right)
    return _whole(left // right if sign == "//" else left % right)


def _whole(number: Number) -> Number:
    return int(number) if number.denominator == 1 else number


def _value_of(node: Call) -> Node:
    """Return the value of a call; what has no division in it is whole, and needs no rounding."""
    arguments = node.arguments
    if all(isinstance(argument, int | Fraction) for argument in arguments):
        return _FUNCTIONS[node.function](*arguments)
    return arguments[0] if node.function != "max" and not _divides(arguments[0]) else node


def _divides(node: Node) -> bool:
    if isinstance(node, Sum):
        return any(_divides(term) for _, term in node.terms)
    if isinstance(node, Product):
        return any(sign == "/" or _divides(factor) for sign, factor in node.factors)
    return isinstance(node, Fraction)


def _text(node: Node) -> str:
    if isinstance(node, Fraction):
        return _text_of_fraction(node)
    if isinstance(node, Sum):
        words = [f" + {_text(term)}" if sign > 0 else f" - {_subtracted(term)}" for sign, term in node.terms]
        return "".join(words).removeprefix(" + ").strip()
    if isinstance(node, Product):
        words = [f" {sign} {_factor(factor)}" for sign, factor in node.factors]
        return "".join(words).removeprefix(" * ")
    if isinstance(node, Call):
        return f"{node.function}({', '.join(map(_text, node.arguments))})"
    return node.text if isinstance(node, Name) else str(node)


def _subtracted(node: Node) -> str:
    """Return a term, in brackets where it is a sum itself."""
    text = _text(node)
    return f"({text})" if isinstance(node, Sum) or (isinstance(node, Fraction) and "+" in text) else text


def _factor(node: Node) -> str:
    """Return a factor, in brackets where a sign in it is as weak as the one in front of it, or weaker."""
    return f"({_text(node)})" if isinstance(node, Sum | Product | Fraction) else _text(node)


def _text_of_fraction(number: Fraction) -> str:
    """Return `25.5`, or `17 + 2 / 3` where decimals would have no end."""
    whole, rest = divmod(abs(number), 1)
    minus = "-" if number < 0 else ""
    if _LARGEST_DENOMINATOR % rest.denominator == 0:
        digits = rest.numerator * (_LARGEST_DENOMINATOR // rest.denominator)
        return f"{minus}{whole}.{digits:0{_DECIMALS}d}".rstrip("0")
    fraction = f"{rest.numerator} / {rest.denominator}"
    return f"{minus}{f'({whole} + {fraction})' if minus else f'{whole} + {fraction}' if whole else fraction}"
