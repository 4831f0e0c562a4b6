"""`Conv2d(...)` expressions, as typed in Python or as `print(layer)` shows them: parsed, never evaluated."""

from __future__ import annotations

import ast
import re
import warnings
from typing import TYPE_CHECKING

from conv2d_cli.errors import Fault, UsageError
from conv2d_cli.layer import hints
from conv2d_cli.layer.rules import FIELDS, LayerValues, cut, layer_from, same_argument, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

# `(conv1): ` and `(0): ` stand in front of a layer in a printed network.
_PRINTED_NAME = re.compile(r"\A\s*\([\w.]+\):\s*")
_CONSTRUCTORS = ("Conv2d", "nn.Conv2d", "torch.nn.Conv2d", "conv2d_cli.Conv2d")
_LONGEST = 2000
_EXAMPLE = 'write it as "Conv2d(3, 64, 7, stride=2)", or as print(layer) shows it'


def looks_like_expression(text: str) -> bool:
    """Whether an operand is meant for an expression and not for one of three values."""
    return "(" in text or "Conv" in text


def layer_of_expression(text: str, options: Mapping[str, object] | None = None) -> LayerValues:
    """Return the layer that an expression describes; `options` fill in arguments that it does not give.

    Raises:
        UsageError: the text is no call of Conv2d, or an option contradicts the expression.
        LayerError: the call's arguments are wrong; it holds every fault.
    """
    arguments, faults = arguments_of_expression(text)
    for field, value in (options or {}).items():
        if field in arguments and not same_argument(field, arguments[field], value):
            raise UsageError(
                f"{field} is given twice: {shown(arguments[field])} in the expression, {shown(value)} as an option",
                "give it once",
            )
        arguments[field] = value
    return layer_from(arguments, faults)


def arguments_of_expression(text: str) -> tuple[dict[str, object], list[Fault]]:
    """Return the arguments by name, and the faults of the call itself: unknown, repeated or unreadable arguments.

    Raises:
        UsageError: the text is no call of Conv2d.
    """
    text = _PRINTED_NAME.sub("", text).strip()
    call = _call(text)
    arguments: dict[str, object] = {}
    faults: list[Fault] = []
    if len(call.args) > len(FIELDS):
        problem = f"Conv2d takes {len(FIELDS)} arguments, but {len(call.args)} were given"
        faults.append(Fault("Conv2d", "", problem, f"they are: {', '.join(FIELDS)}"))
    given = [*zip(FIELDS, call.args, strict=False), *((keyword.arg, keyword.value) for keyword in call.keywords)]
    for name, node in given:
        if name not in FIELDS:
            near = hints.nearest(name or "", FIELDS)
            problem = "Conv2d got an unexpected keyword argument"
            hint = f"did you mean {near}?" if near else f"known: {', '.join(FIELDS)}"
            faults.append(Fault(name or "**", _source(text, node), problem, hint))
        elif name in arguments:
            faults.append(Fault(name, _source(text, node), f"Conv2d got multiple values for argument '{name}'"))
        else:
            try:
                arguments[name] = _value(node, name)
            except ValueError as error:
                faults.append(Fault(name, _source(text, node), str(error)))
    return arguments, faults


def _source(text: str, node: ast.expr) -> str:
    return cut(ast.get_source_segment(text, node) or "")


def _call(text: str) -> ast.Call:
    if len(text) > _LONGEST:
        raise UsageError(f"the expression has {len(text)} characters, the most is {_LONGEST}", _EXAMPLE)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error) or "too deeply nested"
        raise UsageError(f"{shown(text)} is not a Conv2d expression: {reason}", _EXAMPLE) from error
    if not isinstance(tree, ast.Call):
        raise UsageError(f"{shown(text)} is not a call of Conv2d", _EXAMPLE)
    name = _dotted(tree.func)
    if name not in _CONSTRUCTORS:
        raise UsageError(f"{name or _source(text, tree.func)} is not Conv2d: only Conv2d(...) is read", _EXAMPLE)
    return tree


def _dotted(node: ast.expr) -> str | None:
    """Return `torch.nn.Conv2d` for the names and attributes that spell it."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        owner = _dotted(node.value)
        return None if owner is None else f"{owner}.{node.attr}"
    return None


def _value(node: ast.expr, field: str) -> object:
    """Return the value of a literal, of a bare word such as `same`, or of `torch.float16`.

    Raises:
        ValueError: anything else: nothing is ever evaluated.
    """
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Tuple | ast.List):
        elements = [_value(element, field) for element in node.elts]
        return elements if isinstance(node, ast.List) else tuple(elements)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        number = node.operand.value
        if type(number) in {int, float}:
            return -number  # type: ignore[operator]
    name = _dotted(node)
    if name is not None and field in {"padding", "padding_mode", "device", "dtype"}:
        return name
    if (
        isinstance(node, ast.Call)
        and field == "device"
        and _dotted(node.func) == "torch.device"
        and len(node.args) == 1
    ):
        return _value(node.args[0], field)
    raise ValueError(f"{field} must be written out: expressions are parsed, never evaluated")
