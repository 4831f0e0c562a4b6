"""Typer's own errors in the words of this program, with the line that was probably meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conv2d_cli.cli.typed import PROGRAM, TYPED, Typed, normal
from conv2d_cli.errors import UsageError, nearest, one_of

if TYPE_CHECKING:
    from collections.abc import Sequence

# Names that people look for where the operands stand.
_OPERANDS = ("IN", "OUT", "KERNEL")
_ORDINALS = ("first", "second", "third")
_NOUNS = ("the number of input channels", "the number of output channels", "the kernel")
_OPERAND_NAMES = {
    **dict.fromkeys(("--in-channels", "--input-channels", "--in", "--cin", "--channels"), 0),
    **dict.fromkeys(("--out-channels", "--output-channels", "--out", "--cout", "--filters"), 1),
    **dict.fromkeys(("--kernel-size", "--kernel", "--ksize", "-k"), 2),
}
_SIZE_NAMES = frozenset(
    {"--size", "--input-size", "--image-size", "--img-size", "--image", "--shape", "--input-shape", "--resolution"}
)
_FALSE = frozenset({"false", "no", "0", "none", "off"})
# A value of each option, for where it was left out.
_VALUES = {
    "--stride": "2", "--padding": "1", "--dilation": "2", "--groups": "1", "--padding-mode": "replicate",
    "--device": "cpu", "--dtype": "float16", "--input": "224", "--format": "json", "--get": "help",
    "--color": "never", "--seed": "1", "--threads": "1", "--memory-limit": "1GiB", "--algorithm": "im2col",
    "--accuracy": "fast", "--suite": "vgg16", "--rounds": "5", "--engines": "conv2d",
    "--input-shape": "1,3,224,224", "--input-dtype": "float32", "--save-parameters": "p.npz", "--output": "y.npy",
}  # fmt: skip


def explained(error: Exception) -> UsageError:
    """Return an error of Typer's with a hint; they share no public base class, so their kind is told by their parts."""
    context = getattr(error, "ctx", None)
    typed: Typed | None = context.meta.get(TYPED) if context is not None else None
    option = getattr(error, "option_name", None)
    message = _lowered(error.format_message())  # type: ignore[attr-defined]
    if option is None or context is None:
        return UsageError(message, _extra_words(context, typed))
    if "requires an argument" in message:
        names = next((one.opts for one in context.command.params if option in one.opts), [option])
        return UsageError(f"{option} takes a value", f"{option} {_value(names)}")
    if "does not take a value" in message:
        return UsageError(f"{option} takes no value", option)
    known = [name for one in context.command.params for name in one.opts]
    hint = typed and _meant(normal(option), typed)
    return UsageError(f"no such option: {option}", hint or _near(option, known, context))


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:].rstrip(".")


def _value(names: Sequence[str]) -> str:
    return next((_VALUES[name] for name in names if name in _VALUES), "FILE")


def _near(option: str, known: Sequence[str], context: Any) -> str:  # noqa: ANN401 - Typer's own
    near = nearest(option, known) if option.startswith("--") else []
    if near:
        return f"did you mean {one_of(near)}?"
    name = context.command.name
    return f"{PROGRAM} {name} --help" if name in {"shape", "run", "info", "bench"} else f"{PROGRAM} --help"


def _extra_words(context: Any, typed: Typed | None) -> str:  # noqa: ANN401
    """Return the line without the operands that are too many, where a command takes one."""
    if typed is None:
        return f"{PROGRAM} --help"
    extra = typed.operands()[1:]
    return typed.line(dict.fromkeys(extra)) if extra else f"{context.command_path} --help"


def _meant(option: str, typed: Typed) -> str | None:
    """Return the hint for an option that this program has under another name, or as an operand."""
    if option in _OPERAND_NAMES:
        place = _OPERAND_NAMES[option]
        return f"{_NOUNS[place]} is the {_ORDINALS[place]} value: {_with_operands(typed)}"
    given = typed.option({option})
    if given is None:
        return None
    if option in _SIZE_NAMES and "--input" in typed.takes_value:
        return typed.line(dict.fromkeys(given.positions), "-i", given.value or "224")
    if option == "--bias":
        without = (given.value or "true").lower() in _FALSE
        return typed.line(dict.fromkeys(given.positions), *(("--no-bias",) if without else ()))
    return None


def _with_operands(typed: Typed) -> str:
    """Return the line with every option that is an operand here in its place."""
    first = 1 if typed.command == "run" else 0
    positions = typed.operands()
    layer = [typed.words[position] for position in positions[first:]]
    values = [*layer, *("3", "64", "3")[len(layer) :]]
    removed: list[int] = [*positions[first:]]
    for option in typed.options():
        place = _OPERAND_NAMES.get(normal(option.name))
        if place is not None and option.value is not None:
            values[place] = option.value
            removed += option.positions
    return typed.line(dict.fromkeys(removed), *values)
