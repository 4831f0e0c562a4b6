"""What a hint offers to change, read out of its words: alternatives, each of changes that are made together."""

from __future__ import annotations

import re
import shlex
from typing import NamedTuple

# Options without a value: the word behind one is no part of it.
FLAGS = frozenset(
    {
        *("--json", "--no-bias", "--force", "-f", "--resume", "--plan", "--quiet", "-q", "--verbose", "-v", "--debug"),
        *("--per-channel", "--flip", "--gray", "--drop-alpha", "--normalize", "--as-stored"),
        *("--help", "-h", "--version", "-V", "--no-progress", "--json-schema", "--from-schema"),
    }
)
FIELDS = (
    *("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups", "bias"),
    *("padding_mode", "device", "dtype"),
)


class UnreadableHintError(AssertionError):
    """A hint that says nothing that could be done."""


class Told(NamedTuple):
    """An error and the hint that stands under it; `line` is that of a file of layers, from 1."""

    error: str
    hint: str
    line: int = 0


class Line(NamedTuple):
    """The whole command line, without `conv2d`."""

    words: tuple[str, ...]


class Give(NamedTuple):
    """An option, in place of the same one if it is there."""

    option: str
    value: str | None


class Leave(NamedTuple):
    """An option that is left out."""

    option: str


class Rename(NamedTuple):
    """The name of an option that was mistyped."""

    option: str


class Argument(NamedTuple):
    """An argument inside an expression or a record; a value of None is left out."""

    field: str
    value: str | None


class RenameArgument(NamedTuple):
    """The name of an argument that was mistyped."""

    field: str


class LeaveRepeated(NamedTuple):
    """An argument that is given twice, of which the first or the last is left out."""

    first: bool


class Layer(NamedTuple):
    """The layer, or the line of a file, written anew."""

    text: str


class Tensor(NamedTuple):
    """The tensor of the file that the error names; None leaves `::NAME` out."""

    name: str | None


class Extra(NamedTuple):
    """What is to be installed."""

    name: str


Change = Line | Give | Leave | Rename | Argument | RenameArgument | LeaveRepeated | Layer | Tensor | Extra
Alternative = tuple[Change, ...]

_WORD = r"'[^']*'|(?!(?:or|and|alone|out)\b|--?[A-Za-z])[^\s,';]+(?:,[^\s,';]+)*"
_PYTHON = r"\([^)]*\)|\[[^\]]*\]|'[^']*'|[\w.-]+"
_OPTION = r"--?[A-Za-z][\w-]*"


def _listed(item: str) -> str:
    """Return the pattern of `A`, `A or B` and `A, B or C`; a comma with prose behind it ends the list."""
    return rf"(?:(?:{item})(?:, (?:{item}))* or (?:{item})|{item})"


_MENTION = re.compile(
    rf"(?<![\w-])(?P<option>{_OPTION})(?: (?P<words>{_listed(_WORD)}))?"
    rf"|\b(?P<field>{'|'.join((*FIELDS, 'input_shape'))})=(?P<values>{_listed(_PYTHON)})"
)
# `3x224x224 (unbatched)`; brackets of values hold numbers.
_ASIDE = re.compile(r" \([a-z]+\)")
_ALONE = re.compile(rf"(?P<first>{_OPTION}(?: \w+)?), or (?P<second>{_OPTION}(?: \w+)?) alone")
_WITHOUT = re.compile(rf", or no (?P<options>{_OPTION}(?:, {_OPTION})*(?: and {_OPTION})?)$")
_LEFT_OUT = re.compile(rf"leave (?P<options>{_OPTION}(?: [\w-]+)??(?: or {_OPTION}(?: [\w-]+)??)*) out\b")
_ALL_LEFT_OUT = re.compile(rf"leave (?P<options>{_OPTION} and {_OPTION}) out$")
_NAMES = re.compile(r"conv2d (?:(?P<help>help) )?(?P<names>[\w-]+(?:, [\w-]+)* or [\w-]+)")
_INSTALLED = re.compile(r"pip install 'conv2d-cli\[(?P<extra>[\w-]+)\]'")
_CHOSEN = re.compile(r"choose one: \S*::(?P<name>\S+)")
_WRITTEN = re.compile(r"write (?:\"(?P<expression>[^\"]+)\"|(?P<record>\{.*\}))")
# What another program does; `test_containers` follows these.
_OTHER_PROGRAM = re.compile(r"(?:^|: )(?:python|gzip|xz|zstd|bzip2|tar|7z|unrar|git) ")
_IN_EXPRESSION = re.compile(r"leave the option out, or (?P<field>\w+) in the expression")


def alternatives(told: Told) -> list[Alternative]:
    """Return what a hint offers, one entry an alternative.

    Raises:
        UnreadableHintError: there is nothing to do in it.
    """
    hint = _ASIDE.sub("", told.hint.removesuffix("?").removeprefix("did you mean "))
    if _OTHER_PROGRAM.search(hint):
        raise UnreadableHintError(f"this hint is for another program: {told.hint}")
    for reader in (
        _installed,
        _lines,
        _all_left_out,
        _left_out,
        _written,
        _chosen,
        _either_alone,
        _renamed,
        _mentioned,
    ):
        found = reader(hint, told.error)
        if found:
            return found
    raise UnreadableHintError(f"nothing can be done with this hint: {told.hint or '(none)'} (error: {told.error})")


def names_command_or_option(told: Told) -> bool:
    """Whether a hint holds a command or an option in the words of the command line."""
    try:
        offered = alternatives(told)
    except UnreadableHintError:
        return False
    return any(isinstance(change, Line | Give | Leave | Rename | Extra) for changes in offered for change in changes)


def items(text: str) -> list[str]:
    """Return the items of `A, B or C`."""
    return [item for part in text.split(", ") for item in part.split(" or ")]


def _installed(hint: str, _: str) -> list[Alternative]:
    match = _INSTALLED.search(hint)
    return [(Extra(match["extra"]),)] if match else []


def _lines(hint: str, _: str) -> list[Alternative]:
    if "conv2d " not in hint:
        return []
    text = hint[hint.index("conv2d ") :]
    named = _NAMES.fullmatch(text)
    if named:
        before = ("help",) if named["help"] else ()
        return [(Line((*before, name)),) for name in items(named["names"])]
    return [(Line(tuple(shlex.split(part.removeprefix("conv2d ")))),) for part in text.split(", or ")]


def _all_left_out(hint: str, _: str) -> list[Alternative]:
    match = _ALL_LEFT_OUT.match(hint)
    return [tuple(Leave(option) for option in match["options"].split(" and "))] if match else []


def _left_out(hint: str, error: str) -> list[Alternative]:
    match = _LEFT_OUT.match(hint)
    if match:
        return [(Leave(option.split()[0]),) for option in match["options"].split(" or ")]
    match = _IN_EXPRESSION.match(hint)
    if match:
        option = "--no-bias" if match["field"] == "bias" else f"--{match['field'].replace('_', '-')}"
        return [(Leave(option),), (Argument(match["field"], None),)]
    if hint.startswith("leave one of them out"):
        return [(LeaveRepeated(first=True),), (LeaveRepeated(first=False),)]
    if hint.startswith("leave ::NAME out"):
        return [(Tensor(None),)]
    if hint.startswith("leave it out"):
        named = re.match(_OPTION, error)
        return [(Leave(named[0]) if named else Argument(error.partition("=")[0], None),)]
    return []


def _written(hint: str, _: str) -> list[Alternative]:
    match = _WRITTEN.match(hint)
    return [(Layer(match["expression"] or match["record"]),)] if match else []


def _chosen(hint: str, _: str) -> list[Alternative]:
    match = _CHOSEN.match(hint)
    return [(Tensor(match["name"]),)] if match else []


def _either_alone(hint: str, _: str) -> list[Alternative]:
    match = _ALONE.match(hint)
    if not match:
        return []
    first, second = (_given(text) for text in match.group("first", "second"))
    return [(Leave(second.option), first), (Leave(first.option), second)]


def _given(text: str) -> Give:
    option, _, value = text.partition(" ")
    return Give(option, value or None)


def _renamed(hint: str, error: str) -> list[Alternative]:
    if error.startswith("no such option"):
        return [(Rename(name),) for name in items(hint) if re.fullmatch(_OPTION, name)]
    if error.endswith("unknown argument"):
        return [(RenameArgument(name),) for name in items(hint) if name in {*FIELDS, "input_shape"}]
    return []


def _mentioned(hint: str, _: str) -> list[Alternative]:
    """Return the options and arguments that a hint names; two with nothing but a blank between belong together."""
    removed = _WITHOUT.search(hint)
    text = hint[: removed.start()] if removed else hint
    found: list[Alternative] = []
    end = -1
    for match in _MENTION.finditer(text):
        offered: list[Alternative] = [(change,) for change in _changes(match)]
        together = text[end : match.start()] == " "
        found = [*found[:-1], *(found[-1] + one for one in offered)] if together else [*found, *offered]
        end = match.end()
    if removed:
        found.append(tuple(Leave(option) for option in re.findall(_OPTION, removed["options"])))
    return found


def _changes(match: re.Match[str]) -> list[Give | Argument]:
    if match["field"]:
        return [Argument(match["field"], value) for value in _python_items(match["values"])]
    option, words = match["option"], match["words"]
    if option in FLAGS or words is None:
        return [Give(option, None)]
    return [Give(option, value.strip("'")) for value in items(words)]


def _python_items(text: str) -> list[str]:
    return re.findall(_PYTHON, re.sub(r" or ", ", ", text))
