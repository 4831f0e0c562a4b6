"""`Conv2d(...)` as typed in Python, pasted from code, or as `print(layer)` shows it: parsed, never evaluated."""

from __future__ import annotations

import ast
import operator
import re
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

from conv2d_cli.errors import Fault, UsageError, cut, shown
from conv2d_cli.layer import hints
from conv2d_cli.layer.choices import FIELDS
from conv2d_cli.layer.model import Conv2d, layer_from, same_argument
from conv2d_cli.limits import EXPRESSION_CHARACTERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# `(conv1): ` stands in front of a layer in a printed network, `"conv1": ` in a dictionary, `>>> ` in a session.
_IN_FRONT = re.compile(
    r"\A\s*(?:>>>\s*)?(?:\((?P<printed>[\w.-]+)\):\s*(?:\d+ x )?|(?P<quote>['\"])(?P<key>[\w.]+)(?P=quote):\s*)?"
)
# What may stand before the name of a class.
_MODULES = ("", "nn.", "torch.nn.", "conv2d_cli.")
_OPERATIONS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
# Arithmetic is bounded by what a layer can hold; a power is judged before it is worked out.
_LARGEST, _LARGEST_EXPONENT = 2**64, 64
# A class is the last name before a bracket, whatever stands in front of it.
_CALLED = re.compile(r"([A-Za-z_]\w*)\s*\(")
_UNREADABLE = "must be written out: numbers and their arithmetic are read, nothing is evaluated"


class Constructor(NamedTuple):
    """A class whose calls are read: its name, its arguments in torch's order, and a call that works."""

    kind: str
    fields: tuple[str, ...]
    example: str

    @property
    def hint(self) -> str:
        """What can be written instead of what is no call of it."""
        return f'write "{self.example}", a line of code with it, or what print(layer) shows'


CONV2D = Constructor("Conv2d", FIELDS, "Conv2d(3, 64, 7)")
# Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html
TRANSPOSED = Constructor(
    "ConvTranspose2d",
    (*FIELDS[:5], "output_padding", "groups", "bias", "dilation", *FIELDS[8:]),
    "ConvTranspose2d(64, 32, 2, stride=2)",
)
CONSTRUCTORS = {one.kind: one for one in (CONV2D, TRANSPOSED)}


def kind_of(text: str) -> str | None:
    """Return the name of the class that an expression calls; None where it calls none.

    >>> kind_of("self.up = nn.ConvTranspose2d(64, 32, 2, stride=2)"), kind_of("(up): Conv2d(3, 64, 7)"), kind_of("3")
    ('ConvTranspose2d', 'Conv2d', None)
    """
    match = _CALLED.search(_IN_FRONT.sub("", text[:EXPRESSION_CHARACTERS]))
    return match and match[1]


def name_in_front(text: str) -> str | None:
    """Return the name that a printed network or a dictionary gives a layer.

    >>> name_in_front("(layer1.0.conv1): Conv2d(3, 64, 7)")
    'layer1.0.conv1'
    """
    match = _IN_FRONT.match(text)
    return match and (match["printed"] or match["key"])


def layer_of_expression(text: str, options: Mapping[str, object] | None = None) -> Conv2d:
    """Return the layer that an expression describes; `options` fill in arguments that it does not give.

    Raises:
        UsageError: the text is no call of Conv2d, or an option contradicts the expression.
        LayerError: the call's arguments are wrong; it holds every fault.

    >>> layer_of_expression("self.conv1 = nn.Conv2d(3, 2*32, 7, padding=7//2),  # the stem", {"stride": 2})
    Conv2d(3, 64, kernel_size=(7, 7), stride=(2, 2), padding=(3, 3))
    """
    return layer_from(*arguments_with(options or {}, text))


def arguments_with(
    options: Mapping[str, object], text: str, of: Constructor = CONV2D
) -> tuple[dict[str, object], list[Fault]]:
    """Return what `arguments_of_expression` does, filled in with options.

    Raises:
        UsageError: the text is no call of the class, or an option contradicts it.
    """
    arguments, faults = arguments_of_expression(text, of)
    for field, value in options.items():
        if field in arguments and not same_argument(field, arguments[field], value):
            raise UsageError(
                f"{field} is given twice: {shown(arguments[field])} in the expression, {shown(value)} as an option",
                f"leave the option out, or {field} in the expression",
            )
        arguments[field] = value
    return arguments, faults


def arguments_of_expression(text: str, of: Constructor = CONV2D) -> tuple[dict[str, object], list[Fault]]:
    """Return the arguments by name, unknown ones too, and the faults of the call: what is repeated or unreadable.

    Raises:
        UsageError: the text is no call of the class.
    """
    text = _IN_FRONT.sub("", text).strip()
    call = _call(text, of)
    arguments: dict[str, object] = {}
    faults: list[Fault] = []
    repeated: set[str] = set()
    if len(call.args) > len(of.fields):
        problem = f"{of.kind} takes {len(of.fields)} arguments, but {len(call.args)} were given"
        faults.append(Fault(of.kind, "", problem, hint=f"they are: {', '.join(of.fields)}"))
    given = [*zip(of.fields, call.args, strict=False), *((keyword.arg, keyword.value) for keyword in call.keywords)]
    source_of = _sources(text)
    for name, node in given:
        field, source = name or "**", cut(source_of(node))
        if field in arguments:
            if field not in repeated:
                torch = f"{of.kind} got multiple values for argument '{field}'"
                faults.append(Fault(field, source, "given twice", torch, "leave one of them out"))
            repeated.add(field)
            continue
        try:
            arguments[field] = _value(node, field)
        except (ValueError, RecursionError) as error:
            problem = str(error) if isinstance(error, ValueError) else "nested too deeply"
            faults.append(Fault(field, source, problem, hint=hints.EXAMPLES.get(field, of.hint)))
            arguments.pop(field, None)
    return arguments, faults


def _call(text: str, of: Constructor) -> ast.Call:
    if len(text) > EXPRESSION_CHARACTERS:
        raise UsageError(f"the expression has {len(text)} characters, the most is {EXPRESSION_CHARACTERS}", of.hint)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            statements = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error) or "too deeply nested"
        raise UsageError(f"{shown(text)} is not a {of.kind} expression: {reason}", of.hint) from error
    tree = _assigned(statements[0]) if len(statements) == 1 else None
    if not isinstance(tree, ast.Call):
        raise UsageError(f"{shown(text)} is not a call of {of.kind}", of.hint)
    name = _dotted(tree.func)
    if name not in {f"{module}{of.kind}" for module in _MODULES}:
        source = cut(name or _sources(text)(tree.func))
        raise UsageError(f"{source} is not {of.kind}: only {of.kind}(...) is read", of.hint)
    return tree


def _sources(text: str) -> Callable[[ast.expr], str]:
    """Return what gives the source of a node: `ast.get_source_segment` cuts the text into lines anew each time."""
    lines = [line.encode() for line in text.splitlines(keepends=True)]

    def source_of(node: ast.expr) -> str:
        if node.end_lineno != node.lineno or node.lineno > len(lines):
            return ast.get_source_segment(text, node) or ""
        return lines[node.lineno - 1][node.col_offset : node.end_col_offset].decode("utf-8", "replace")

    return source_of


def _assigned(statement: ast.stmt) -> ast.expr | None:
    """Return what stands alone, is assigned or is one item of a list: `self.conv = Conv2d(...),`."""
    value = statement.value if isinstance(statement, ast.Expr | ast.Assign | ast.AnnAssign) else None
    return value.elts[0] if isinstance(value, ast.Tuple) and len(value.elts) == 1 else value


def _dotted(node: ast.expr) -> str | None:
    """Return `torch.nn.Conv2d` for the names and attributes that spell it; of a thousand of them too."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else None


def _value(node: ast.expr, field: str) -> object:
    """Return the value of literals and their arithmetic, of a bare word such as `same`, or of `torch.float16`.

    Raises:
        ValueError: anything else: nothing is ever evaluated.
    """
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Tuple | ast.List):
        elements = [_value(element, field) for element in node.elts]
        return elements if isinstance(node, ast.List) else tuple(elements)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        number: Any = _value(node.operand, field)
        if type(number) in {int, float}:
            return -number if isinstance(node.op, ast.USub) else number
    if isinstance(node, ast.BinOp):
        return _arithmetic(node, field)
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
    raise ValueError(_UNREADABLE)


def _arithmetic(node: ast.BinOp, field: str) -> int:
    """Return the result of an operation on integers.

    Raises:
        ValueError: it is none, or beyond what a layer can hold.
    """
    operation = _OPERATIONS.get(type(node.op))
    left, right = _value(node.left, field), _value(node.right, field)
    if type(left) is not int or type(right) is not int or operation is None:
        raise ValueError(f"{_UNREADABLE}; of arithmetic + - * // % ** on whole numbers")
    if isinstance(node.op, ast.FloorDiv | ast.Mod) and right == 0:
        raise ValueError("a division by 0")
    if isinstance(node.op, ast.Pow) and not (0 <= right <= _LARGEST_EXPONENT and abs(left) <= _LARGEST):
        raise ValueError(f"a power with an exponent outside 0 to {_LARGEST_EXPONENT}")
    result = operation(left, right)
    if abs(result) > _LARGEST:
        raise ValueError("larger than any layer")
    return result
