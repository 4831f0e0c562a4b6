"""What a mutation does to a program: every node of a syntax tree that can be changed, and how."""

from __future__ import annotations

import ast
import copy
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
# To swap their arguments changes nothing.
_COMMUTATIVE = frozenset({"min", "max", "gcd", "lcm", "minimum", "maximum"})
_SKIPPED_FIELDS = frozenset({"annotation", "returns", "decorator_list", "type_params"})


class Mutation(NamedTuple):
    """A change of the node that stands at `place` in the walk over its tree."""

    place: int
    line: int
    operator: str
    variant: int


def mutations_of(source: str) -> list[Mutation]:
    """Return every mutation that a module's source allows."""
    return [
        Mutation(index, getattr(node, "lineno", 0), operator, variant)
        for index, node in enumerate(_nodes(ast.parse(source)))
        for variant, (operator, _) in enumerate(_changes(node))
    ]


def mutated(source: str, mutation: Mutation) -> str:
    """Return the source with one mutation in it; comments and layout are lost."""
    tree = ast.parse(source)
    node = list(_nodes(tree))[mutation.place]
    replacement = list(_changes(node))[mutation.variant][1](copy.deepcopy(node))
    return ast.unparse(ast.fix_missing_locations(_Replacing(node, replacement).visit(tree)))


class _Replacing(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self._old, self._new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self._new if node is self._old else super().generic_visit(node)


def _nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Walk over everything that runs: no annotations, docstrings, imports or type-checking blocks."""
    yield node
    for field, value in ast.iter_fields(node):
        if field in _SKIPPED_FIELDS:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _is_skipped(child):
                yield from _nodes(child)


def _is_skipped(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return True
    return isinstance(node, ast.Import | ast.ImportFrom | ast.operator | ast.cmpop | ast.boolop | ast.unaryop)


def _changes(node: ast.AST) -> Iterator[tuple[str, Callable[[ast.AST], ast.AST]]]:
    """Yield the name of each change of a node, and the function that makes it on a copy."""
    for kind, changes in _CHANGES.items():
        if isinstance(node, kind):
            yield from changes(node)


def _setting(**fields: object) -> Callable[[ast.AST], ast.AST]:
    def change(node: ast.AST) -> ast.AST:
        for field, value in fields.items():
            setattr(node, field, value)
        return node

    return change


def _compare(node: ast.Compare) -> Iterator[tuple[str, Callable[[ast.AST], ast.AST]]]:
    for place, operator in enumerate(node.ops):
        for other in _COMPARISONS[type(operator)]:
            ops = [*node.ops[:place], other(), *node.ops[place + 1 :]]
            yield f"{type(operator).__name__} to {other.__name__}", _setting(ops=ops)


def _arithmetic(node: ast.BinOp | ast.AugAssign) -> Iterator[tuple[str, Callable[[ast.AST], ast.AST]]]:
    other = _ARITHMETIC.get(type(node.op))
    if other is not None:
        yield f"{type(node.op).__name__} to {other.__name__}", _setting(op=other())


def _boolean(node: ast.BoolOp) -> Iterator[tuple[str, Callable[[ast.AST], ast.AST]]]:
    other = ast.Or if isinstance(node.op, ast.And) else ast.And
    yield f"{type(node.op).__name__} to {other.__name__}", _setting(op=other())


def _unary(node: ast.UnaryOp) -> Iterator[tuple[str, Callable[[ast.AST], ast.AST]]]:
    yield f"{type(node.op).__name__} removed", lambda _: node.operand


def _constant(node: ast.Constant) -> Iterator[tuple[str, Callable[[ast.AST], ast.AST]]]:
    value = node.value
    if isinstance(value, bool):
        yield f"{value} to {not value}", _setting(value=not value)
    elif isinstance(value, int):
        yield f"{value} to {value + 1}", _setting(value=value + 1)
        yield f"{value} to {value - 1}", _setting(value=value - 1)
    elif isinstance(value, str | bytes):
        other = type(value)() if value else "mutated" if isinstance(value, str) else b"mutated"
        yield "text replaced", _setting(value=other)


def _negated(node: ast.If | ast.While | ast.IfExp) -> Iterator[tuple[str, Callable[[ast.AST], ast.AST]]]:
    yield "condition negated", _setting(test=ast.UnaryOp(ast.Not(), node.test))


def _filtered(node: ast.comprehension) -> Iterator[tuple[str, Callable[[ast.AST], ast.AST]]]:
    for place, test in enumerate(node.ifs):
        ifs = [*node.ifs[:place], ast.UnaryOp(ast.Not(), test), *node.ifs[place + 1 :]]
        yield "condition negated", _setting(ifs=ifs)


def _removed(node: ast.stmt) -> Iterator[tuple[str, Callable[[ast.AST], ast.AST]]]:
    targets = node.targets if isinstance(node, ast.Assign) else []
    if not isinstance(node, ast.Assign) or isinstance(targets[0], ast.Attribute | ast.Subscript):
        yield "statement removed", lambda _: ast.Pass()


def _returned(node: ast.Return) -> Iterator[tuple[str, Callable[[ast.AST], ast.AST]]]:
    if node.value is not None and not (isinstance(node.value, ast.Constant) and node.value.value is None):
        yield "None returned", _setting(value=ast.Constant(None))


def _jumped(node: ast.Break | ast.Continue) -> Iterator[tuple[str, Callable[[ast.AST], ast.AST]]]:
    other = ast.Continue if isinstance(node, ast.Break) else ast.Break
    yield f"{type(node).__name__} to {other.__name__}", lambda _: other()


def _called(node: ast.Call) -> Iterator[tuple[str, Callable[[ast.AST], ast.AST]]]:
    first_two = node.args[:2]
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name not in _COMMUTATIVE and len({ast.dump(argument) for argument in first_two}) > 1:
        yield "arguments swapped", _setting(args=[*reversed(first_two), *node.args[2:]])
    for place, keyword in enumerate(node.keywords):
        if keyword.arg is not None:
            yield f"{keyword.arg}= left out", _setting(keywords=[*node.keywords[:place], *node.keywords[place + 1 :]])


def _sliced(node: ast.Slice) -> Iterator[tuple[str, Callable[[ast.AST], ast.AST]]]:
    for field in ("lower", "upper", "step"):
        if getattr(node, field) is not None:
            yield f"{field} bound left out", _setting(**{field: None})


_CHANGES: dict[
    type[ast.AST] | tuple[type[ast.AST], ...], Callable[..., Iterator[tuple[str, Callable[..., ast.AST]]]]
] = {
    ast.Compare: _compare,
    (ast.BinOp, ast.AugAssign): _arithmetic,
    ast.BoolOp: _boolean,
    ast.UnaryOp: _unary,
    ast.Constant: _constant,
    (ast.If, ast.While, ast.IfExp): _negated,
    ast.comprehension: _filtered,
    (ast.Expr, ast.Raise, ast.Assign, ast.AugAssign, ast.Continue, ast.Break): _removed,
    ast.Return: _returned,
    (ast.Break, ast.Continue): _jumped,
    ast.Call: _called,
    ast.Slice: _sliced,
}
