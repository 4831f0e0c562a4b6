"""Typer's own errors in the words of this program, with the line that was probably meant."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING, Any

from conv2d_cli.cli.typed import PROGRAM, TYPED, Typed, no_value, normal
from conv2d_cli.errors import UsageError, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.cli.typed import Option

# Names that people look for where the operands stand.
_NOUNS = (
    "the number of input channels is the first value",
    "the number of output channels is the second value",
    "the kernel is the third value",
)
_OPERAND_NAMES = {
    **dict.fromkeys(("--in-channels", "--input-channels", "--in", "--cin", "--channels"), 0),
    **dict.fromkeys(("--out-channels", "--output-channels", "--out", "--cout", "--filters"), 1),
    **dict.fromkeys(("--kernel-size", "--kernel", "--ksize", "-k"), 2),
}
_USUAL = ("3", "64", "3")
_SIZE_NAMES = frozenset(
    {"--size", "--input-size", "--image-size", "--img-size", "--image", "--shape", "--input-shape", "--resolution"}
)
# The layers of `diff`, each one word.
_COMPARED = 2
FALSE = frozenset({"false", "no", "0", "none", "off"})


def explained(error: Exception) -> UsageError:
    """Return an error of Typer's with a hint; they share no public base class, so their kind is told by their parts."""
    context = getattr(error, "ctx", None)
    typed: Typed | None = context.meta.get(TYPED) if context is not None else None
    option = getattr(error, "option_name", None)
    message = _lowered(error.format_message())  # type: ignore[attr-defined]
    if option is None or context is None:
        return UsageError(message, _extra_words(context, typed))
    if "requires an argument" in message:
        return no_value(option, "" if typed is None else typed.command)
    if "does not take a value" in message:
        return UsageError(f"{option} takes no value", option)
    known = [name for one in context.command.get_params(context) for name in one.opts]
    hint = _before_command() if typed is None else _meant(normal(option), typed)
    return UsageError(f"no such option: {option}", hint or _near(option, known, context))


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:].rstrip(".")


def _near(option: str, known: Sequence[str], context: Any) -> str:  # noqa: ANN401 - Typer's own
    # `--pad` is the beginning of `--padding`, though `--peak` has fewer other letters.
    begun = [name for name in known if option.startswith("--") and name.startswith(option)]
    near = begun or (nearest(option, known) if option.startswith("--") else [])
    if near:
        return f"did you mean {near[0]}?"
    from conv2d_cli.cli.commands import COMMANDS

    name = context.command.name
    return f"{PROGRAM} {name} --help" if name in COMMANDS else f"{PROGRAM} --help"


def _before_command() -> str | None:
    """Return the line with its options behind the command, or behind `shape` where there is none but a layer."""
    from conv2d_cli.cli.commands import COMMANDS

    words = sys.argv[1:]
    command = next((word for word in words if word in COMMANDS), None)
    if command is not None:
        words.remove(command)
    elif not any(word[:1].isdigit() for word in words):
        return None
    return shlex.join([PROGRAM, command or "shape", *words])


def _extra_words(context: Any, typed: Typed | None) -> str:  # noqa: ANN401
    """Return the line without the operands that are too many, where a command takes one."""
    if typed is None:
        return f"{PROGRAM} --help"
    extra = typed.operands()[1:]
    return typed.line(dict.fromkeys(extra)) if extra else f"{context.command_path} --help"


def _meant(option: str, typed: Typed) -> str | None:
    """Return the line with every option mended that this program has under another name, or as an operand."""
    unknown = [one for one in typed.options() if normal(one.name) not in typed.takes_value]
    removed = [place for one in unknown if _is_mended(one, typed) for place in one.positions]
    if not any(normal(one.name) == option and _is_mended(one, typed) for one in unknown):
        return None
    added: list[str] = []
    for one in unknown:
        if _names_size(one) and "--input" in typed.takes_value:
            added += ["-i", one.value or "224"]
        elif normal(one.name) == "--bias" and _is_mended(one, typed) and (one.value or "true").lower() in FALSE:
            added.append("--no-bias")
    place = _OPERAND_NAMES.get(option)
    if any(normal(one.name) in _OPERAND_NAMES and _is_mended(one, typed) for one in unknown):
        operands = _operands(unknown, typed)
        line = typed.line(dict.fromkeys([*removed, *_positions(typed)]), *operands, *added)
    else:
        line = typed.line(dict.fromkeys(removed), *added)
    if place is not None:
        return f"{_NOUNS[place]}: {line}"
    return f"INPUT says its size: {line}" if typed.command == "run" and not added else line


def _is_mended(option: Option, typed: Typed) -> bool:
    if typed.command == "stack":
        # A network has a size, and no kernel of its own.
        return _names_size(option)
    name = normal(option.name)
    # A search has the kernel as an option, and no operands.
    is_operand = name in _OPERAND_NAMES and "--kernel-size" not in typed.takes_value
    if typed.command == "diff":
        is_operand &= len(typed.operands()) == _COMPARED
    return is_operand or name == "--bias" or (_names_size(option) and typed.command != "info")


def _names_size(option: Option) -> bool:
    return normal(option.name) in {*_SIZE_NAMES, "-i", "--input"}


def _positions(typed: Typed) -> list[int]:
    return typed.operands()[1 if typed.command == "run" else 0 :]


def _operands(unknown: Sequence[Option], typed: Typed) -> list[str]:
    """Return the three values: those that options name in their places, the others where there is one left.

    A layer that is one word stays one.
    """
    named = {_OPERAND_NAMES[normal(one.name)]: one.value for one in unknown if normal(one.name) in _OPERAND_NAMES}
    typed_values = [typed.words[place] for place in _positions(typed)]
    if typed.command == "diff" or (len(typed_values) == 1 and _is_layer(typed_values[0])):
        return [_expression(text, named) for text in typed_values]
    if len(typed_values) >= len(_USUAL):
        values: list[str | None] = [*typed_values[: len(_USUAL)]]
    else:
        values = [None] * len(_USUAL)
        free = [place for place in range(len(_USUAL)) if place not in named]
        for place, value in zip(free, typed_values, strict=False):
            values[place] = value
    for place, text in named.items():
        values[place] = text
    return [value or usual for value, usual in zip(values, _USUAL, strict=True)]


def _is_layer(text: str) -> bool:
    """Whether a word is a whole layer: an expression, or IN,OUT,KERNEL."""
    return "Conv" in text or "," in text


def _expression(text: str, named: dict[int, str | None]) -> str:
    """Return a layer of one word as an expression with arguments changed."""
    from conv2d_cli.layer.choices import REQUIRED
    from conv2d_cli.layer.expression import arguments_of_expression

    try:
        arguments, _ = arguments_of_expression(text if "Conv" in text else f"Conv2d({text.strip().strip('()')})")
    except UsageError:
        return text
    first = [
        named.get(place) or str(arguments.pop(name, usual))
        for place, (name, usual) in enumerate(zip(REQUIRED, _USUAL, strict=True))
    ]
    rest = [f"{name}={value!r}" for name, value in arguments.items() if name not in REQUIRED]
    return f"Conv2d({', '.join([*first, *rest])})"
