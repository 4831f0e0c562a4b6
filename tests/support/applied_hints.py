"""A wrong command line with its hints applied, all together: the lines that someone who follows them would run."""

from __future__ import annotations

import ast
import json
import re
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from read_hints import (
    FIELDS,
    FLAGS,
    Alternative,
    Argument,
    Change,
    Extra,
    Give,
    Layer,
    Leave,
    LeaveRepeated,
    Line,
    Rename,
    RenameArgument,
    Tensor,
    Told,
    UnreadableHintError,
    alternatives,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from terminal import Done

_LONG = {
    "-s": "--stride",
    "-p": "--padding",
    "-d": "--dilation",
    "-g": "--groups",
    "-i": "--input",
    "-o": "--output",
    "-q": "--quiet",
    "-v": "--verbose",
    "-f": "--force",
    "-h": "--help",
    "-V": "--version",
}
_MOST_ATTEMPTS = 64
_PLACEHOLDER = re.compile(r"\b(?:FILE|FOLDER)\b")


class Attempt(NamedTuple):
    """A command line to run, and what is piped into it."""

    arguments: tuple[str, ...]
    stdin: str


class _Part(NamedTuple):
    """An option with its value, or an operand: a part without a name."""

    option: str
    value: str | None

    @property
    def words(self) -> list[str]:
        return [word for word in (self.option or None, self.value) if word is not None]


def told_by(done: Done) -> list[Told]:
    """Return the errors and hints of a process: those on stderr, or the records of errors on stdout."""
    found: list[Told] = []
    for line in done.err.splitlines():
        kind, _, text = line.partition(": ")
        if kind == "error":
            number = re.match(r"line (\d+): ", text)
            found.append(Told(text, "", int(number[1]) if number else 0))
        elif kind == "hint":
            found[-1] = found[-1]._replace(hint=text)
    for record in (json.loads(line) for line in done.out.splitlines() if line.startswith("{")):
        if "error" in record:
            # A record has one hint for all of its faults.
            hints = (record["hint"] or "").split("; ")
            found += [Told(record["error"], hint, record["line"]) for hint in hints]
    return found


def attempts(arguments: Sequence[str], stdin: str, told: Sequence[Told], fill: Mapping[str, str]) -> list[Attempt]:
    """Return one command line for every choice among the alternatives of the hints; `fill` says what FILE is.

    Raises:
        UnreadableHintError: there is no hint, or one that cannot be applied.
    """
    if not told or all(not one.hint for one in told):
        raise UnreadableHintError("there is no hint")
    choices = [[(one, changes) for changes in alternatives(one)] for one in told if one.hint]
    found = [_applied(Attempt(tuple(arguments), stdin), chosen, fill) for chosen in product(*choices)]
    if len(found) > _MOST_ATTEMPTS:
        raise UnreadableHintError(f"{len(found)} ways to apply the hints")
    return list(dict.fromkeys(found))


def extras_named(told: Sequence[Told]) -> set[str]:
    """Return the extras that hints say are to be installed."""
    changes = (change for one in told if one.hint for offered in alternatives(one) for change in offered)
    return {change.name for change in changes if isinstance(change, Extra)}


def _applied(attempt: Attempt, chosen: Sequence[tuple[Told, Alternative]], fill: Mapping[str, str]) -> Attempt:
    every = [(told, change) for told, changes in chosen for change in changes]
    # A whole line holds the changes of the other hints, or is their ground.
    for told, change in sorted(every, key=lambda one: not isinstance(one[1], Line)):
        attempt = _changed(attempt, told, change)
    return attempt._replace(arguments=tuple(_filled(word, fill) for word in attempt.arguments))


def _filled(word: str, fill: Mapping[str, str]) -> str:
    match = _PLACEHOLDER.search(word)
    if match is None:
        return word
    if match[0] not in fill:
        raise UnreadableHintError(f"nobody says what {match[0]} is in {word}")
    return word.replace(match[0], fill[match[0]])


def _changed(attempt: Attempt, told: Told, change: Change) -> Attempt:
    if isinstance(change, Extra):
        return attempt
    if isinstance(change, Line):
        return attempt._replace(arguments=_line(attempt.arguments, told, change))
    if isinstance(change, Argument | RenameArgument | LeaveRepeated | Layer):
        return _written(attempt, told, change)
    parts = _parts(attempt.arguments)
    if isinstance(change, Rename):
        parts = _renamed(parts, told, change)
    elif isinstance(change, Tensor):
        parts = _with_tensor(parts, told, change)
    else:
        parts = _with_option(parts, told, change)
    return attempt._replace(arguments=tuple(word for part in parts for word in part.words))


def _line(arguments: Sequence[str], told: Told, change: Line) -> tuple[str, ...]:
    """Return the line that a hint names; a command alone takes the place of one that is none."""
    alone = len(change.words) == 1 and told.error.startswith("no such command")
    return (*change.words, *arguments[1:]) if alone else change.words


def _parts(words: Sequence[str]) -> list[_Part]:
    """Return a line's options and operands; what is attached (`-vs0`, `--stride=0`) is taken apart."""
    found: list[_Part] = []
    left = [*words]
    while left:
        word = left.pop(0)
        if not _is_option(word):
            found.append(_Part("", word))
            continue
        name, sign, value = word.partition("=")
        if not word.startswith("--"):
            name, value = word[:2], word[2:]
            if name in FLAGS and value:
                left.insert(0, f"-{value}")
            sign = value if name not in FLAGS else ""
        name = name if name in _LONG else name.replace("_", "-")
        if sign:
            found.append(_Part(name, value))
        elif name in FLAGS or not left or (name not in _KNOWN and _is_option(left[0])):
            found.append(_Part(name, None))
        else:
            found.append(_Part(name, left.pop(0)))
    return found


_KNOWN = frozenset({*_LONG, *_LONG.values(), *FLAGS, *(f"--{field.replace('_', '-')}" for field in FIELDS)})


def _is_option(word: str) -> bool:
    return re.match(r"--?[A-Za-z]", word) is not None


def _is(part: _Part, option: str) -> bool:
    return part.option != "" and _LONG.get(part.option, part.option) == _LONG.get(option, option).replace("_", "-")


def _with_option(parts: Sequence[_Part], told: Told, change: Give | Leave) -> list[_Part]:
    places = [place for place, part in enumerate(parts) if _is(part, change.option)]
    kept = [part for place, part in enumerate(parts) if place not in places]
    if isinstance(change, Leave):
        return kept
    if change.option == "--get" and change.value is not None:
        return _with_key(parts, told, change.value)
    given = _Part(change.option, change.value)
    if not places:
        return [*parts, given]
    return [*parts[: places[0]], given, *(part for part in parts[places[0] + 1 :] if not _is(part, change.option))]


def _with_key(parts: Sequence[_Part], told: Told, key: str) -> list[_Part]:
    """Return the line with a key of `--get a,b` replaced: the one that the error names."""
    match = re.match(r"--get (?P<wrong>\S*?):? ", told.error)
    wrong = match["wrong"] if match else ""
    found: list[_Part] = []
    for part in parts:
        keys = [] if part.option != "--get" or part.value is None else part.value.split(",")
        exchanged = ",".join(key if one.strip() == wrong else one for one in keys)
        found.append(_Part("--get", exchanged or key) if part.option == "--get" else part)
    return found


def _renamed(parts: Sequence[_Part], told: Told, change: Rename) -> list[_Part]:
    wrong = told.error.rpartition(" ")[2]
    found: list[_Part] = []
    for part in parts:
        if part.option != wrong:
            found.append(part)
        elif change.option in FLAGS and part.value is not None:
            found += [_Part(change.option, None), _Part("", part.value)]
        else:
            found.append(_Part(change.option, part.value))
    return found


def _with_tensor(parts: Sequence[_Part], told: Told, change: Tensor) -> list[_Part]:
    file = told.error.partition(": ")[0]
    name = "" if change.name is None else f"::{change.name}"
    if all(part.value != file for part in parts):
        raise UnreadableHintError(f"{file} is not on the command line")
    return [part._replace(value=file.partition("::")[0] + name) if part.value == file else part for part in parts]


_Written = Argument | RenameArgument | LeaveRepeated | Layer


def _written(attempt: Attempt, told: Told, change: _Written) -> Attempt:
    """Return the line with an argument changed, in its expression or in the file of layers."""
    if told.line:
        lines = attempt.stdin.splitlines()
        lines[told.line - 1] = _text(lines[told.line - 1], told, change)
        return attempt._replace(stdin="\n".join(lines) + "\n")
    words = [*attempt.arguments]
    places = [place for place, word in enumerate(words) if "(" in word]
    if isinstance(change, Layer):
        places = [1 if words[0] in {"shape", "bench"} else 2]
    if not places:
        raise UnreadableHintError(f"no expression takes {change}")
    words[places[0]] = _text(words[places[0]], told, change)
    return attempt._replace(arguments=tuple(words))


def _text(text: str, told: Told, change: _Written) -> str:
    if isinstance(change, Layer):
        return change.text
    # Several faults of a record are told in one message.
    wrong = re.findall(r"(?:^|; |line \d+: )(\w+)=[^;]*: (?:unknown argument|given twice)", told.error)
    if text.lstrip().startswith("{"):
        return _record(json.loads(text), wrong, change)
    tree = ast.parse(text.strip())
    call = next(node for node in ast.walk(tree) if isinstance(node, ast.Call))
    if isinstance(change, Argument):
        _set_argument(call, change)
    elif isinstance(change, RenameArgument):
        for keyword in call.keywords:
            keyword.arg = change.field if keyword.arg in wrong else keyword.arg
    else:
        _drop_repeated(call, wrong[0], first=change.first)
    return ast.unparse(tree)


def _record(record: dict[str, object], wrong: Sequence[str], change: _Written) -> str:
    if isinstance(change, RenameArgument):
        renamed = {change.field if key in wrong else key: value for key, value in record.items()}
        return json.dumps(renamed)
    if not isinstance(change, Argument):
        raise UnreadableHintError(f"no record takes {change}")
    if change.value is None:
        del record[change.field]
    else:
        record[change.field] = _value(change.value)
    return json.dumps(record)


def _value(text: str) -> object:
    """Return what a value of a hint is in a record."""
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError):
            continue
    return text


def _set_argument(call: ast.Call, change: Argument) -> None:
    place = FIELDS.index(change.field) if change.field in FIELDS else len(FIELDS)
    if change.value is None:
        call.keywords = [keyword for keyword in call.keywords if keyword.arg != change.field]
        return
    text = change.value if change.field != "input_shape" else repr(change.value)
    value = ast.parse(text, mode="eval").body
    if place < len(call.args):
        call.args[place] = value
        return
    call.keywords = [keyword for keyword in call.keywords if keyword.arg != change.field]
    call.keywords.append(ast.keyword(change.field, value))


def _drop_repeated(call: ast.Call, field: str, *, first: bool) -> None:
    keywords = [keyword for keyword in call.keywords if keyword.arg == field]
    if first and FIELDS.index(field) < len(call.args):
        del call.args[FIELDS.index(field)]
    else:
        call.keywords.remove(keywords[0] if first else keywords[-1])
