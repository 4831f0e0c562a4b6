"""Arguments of modules as a call writes them: literals alone are read, nothing is evaluated."""

from __future__ import annotations

import ast
import warnings
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from conv2d_cli.errors import Conv2dError, DataError, cut, shown
from conv2d_cli.limits import EXPRESSION_CHARACTERS
from conv2d_cli.network.faults import without_choices
from conv2d_cli.network.modules import slicing, windows
from conv2d_cli.network.modules.registry import MODULES

if TYPE_CHECKING:
    from conv2d_cli.network.modules.base import Module

_MOST_FAULTS = 3
# Those of the network format, and those that only rules for printed models need: each takes its time to be made.
KNOWN: dict[str, type[Module]] = MODULES | {
    "Chunk": slicing.Chunk,
    "Select": slicing.Select,
    "ChannelShuffle": slicing.ChannelShuffle,
    "Constant": slicing.Constant,
    "PositionEmbedding": slicing.PositionEmbedding,
    "Windows": windows.Windows,
    "FromWindows": windows.FromWindows,
    "MergePatches": windows.MergePatches,
    "Attention": windows.Attention,
}


def validated(kind: str, arguments: dict[str, Any], place: str) -> Module:
    """Return a module of our own.

    Raises:
        DataError: the arguments are none of it.
    """
    try:
        return KNOWN[kind].model_validate({"type": kind, **arguments})
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)[:_MOST_FAULTS]
        told = "; ".join(f"{_path(one['loc'])}{one['msg'][:1].lower()}{one['msg'][1:]}" for one in faults)
        raise DataError(f"{place}: {told}") from None
    except Conv2dError as error:
        raise DataError(f"{place}: {error.message}", error.hint) from None


def _path(parts: tuple[int | str, ...]) -> str:
    words = [str(part) for part in without_choices(parts) if part not in {"layer", "int", "float"}]
    return f"{cut('.'.join(words))}: " if words else ""


def literal_arguments(kind: str, text: str, positional: tuple[str, ...], place: str) -> dict[str, Any]:
    """Return arguments by name, as the text of a call has them.

    Raises:
        DataError: they are no literals, too many, or given twice.

    >>> literal_arguments("Linear", "512, out_features=10, bias=False", ("in_features",), "line 1")
    {'in_features': 512, 'out_features': 10, 'bias': False}
    """
    place = f"{place}: {cut(kind)}({cut(text)})"
    call = _call(text, place)
    if len(call.args) > len(positional):
        raise DataError(f"{place}: {len(call.args)} arguments without a name, but {len(positional)} are known")
    pairs = [*zip(positional, call.args, strict=False), *((one.arg or "**", one.value) for one in call.keywords)]
    found: dict[str, Any] = {}
    for name, node in pairs:
        if name in found:
            raise DataError(f"{place}: {shown(name)} is given twice")
        try:
            found[name] = _literal(node)
        except (ValueError, RecursionError):
            raise DataError(f"{place}: {shown(name)} is no number, word, truth or list of them") from None
    return found


def _call(text: str, place: str) -> ast.Call:
    if len(text) > EXPRESSION_CHARACTERS:
        raise DataError(f"{place}: more than {EXPRESSION_CHARACTERS} characters between the brackets")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            call = ast.parse(f"_({text})", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        call = None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        raise DataError(f"{place}: what stands between the brackets is no list of arguments")
    return call


def _literal(node: ast.expr) -> object:
    """Return the value of a literal, of a list of them, or a bare word as `padding=same` has it.

    Raises:
        ValueError: it is anything else.
    """
    match node:
        case ast.Constant(value=bool() | int() | float() | str() | None):
            return node.value
        case ast.Tuple() | ast.List():
            return tuple(_literal(one) for one in node.elts)
        case ast.Call(
            func=ast.Attribute(value=ast.Name("torch"), attr="Size"), args=[ast.List() as sizes], keywords=[]
        ):
            return _literal(sizes)
        case ast.Name():
            return node.id
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return -number
        case _:
            raise ValueError
