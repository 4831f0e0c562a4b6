"""The text that `print(model)` gives, as a tree of modules: brackets alone say what belongs to what."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from conv2d_cli.errors import DataError, shown
from conv2d_cli.network.readers.pasted import (
    CHILD,
    Front,
    bare,
    front_of_log,
    is_numbered,
    lines_of,
    mistaken_for_model,
    plain,
    without_cell,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# The largest models print some megabytes.
MOST_CHARACTERS, MOST_MODULES, MOST_DEPTH = 10_000_000, 1_000_000, 200
# What a session shows before it prints a model.
_MOST_LINES_BEFORE = 100_000

_CALL = re.compile(r"(?P<kind>[^\W\d][\w.]*)\((?P<rest>.*)\Z", re.DOTALL)
_RANGE = re.compile(r"(?P<first>[0-9]{1,9})-(?P<last>[0-9]{1,9})\Z")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
WHOLE = "paste the whole of what print(model) shows, from the name of its class to the last bracket"
# What is called with a model, and is none.
_CALLED = frozenset({"print", "repr", "str", "display"})


@dataclass(slots=True)
class Printed:
    """One module: its name in the module around it, its class, what stands between its brackets, and its children.

    One that stands for several alike, `(0-2): 3 x Block(...)`, has their number in `count` and counts from `first`.
    """

    name: str
    kind: str
    line: int
    arguments: str = ""
    children: list[Printed] = field(default_factory=list)
    first: int = 0
    count: int = 1

    def members(self) -> Iterator[tuple[str, Printed]]:
        """Yield each child with its name; those that are printed once for several are yielded as often."""
        for child in self.children:
            if child.count == 1:
                yield child.name, child
            else:
                for number in range(child.first, child.first + child.count):
                    yield str(number), child


@dataclass(slots=True)
class _Open:
    """A module whose last bracket is still to come: how many are open, and how often it stands in the network."""

    module: Printed
    brackets: int
    times: int
    lines: list[str]
    names: set[str] = field(default_factory=set)


def holds_model(text: str) -> bool:
    r"""Whether lines are those of a printed model, whole or in part.

    >>> holds_model("Sequential(\n  (0): ReLU()\n)"), holds_model("layers = ['ReLU']")
    (True, False)
    """
    lines = lines_of(plain(text))
    return any("(" in line and _is_of_model(bare(line).rstrip()) for line in lines) or begins_model(lines)


def begins_model(lines: Sequence[str]) -> bool:
    """Whether a model begins in one of the lines, with its first child in the next."""
    return any(line.rstrip().endswith("(") and front_of_log(lines, number) for number, line in enumerate(lines))


def _is_of_model(line: str) -> bool:
    call = _CALL.match(line)
    if call is None:
        return CHILD.match(line) is not None
    return not call["rest"] or _is_layer(call, line)


def _is_layer(call: re.Match[str], line: str) -> bool:
    """Whether a line with all of its brackets may be a model of one layer, printed by the bare name of its class."""
    name = call["kind"]
    return line.endswith(")") and name[0].isupper() and "." not in name and _open_brackets(call["rest"]) == -1


def tree_of(text: str) -> Printed:
    """Return the module that a text shows; what stands before it and behind it is no part of it.

    Raises:
        DataError: it shows none, or its brackets do not match; the message says in which line.
    """
    if len(text) > MOST_CHARACTERS:
        raise DataError(f"the text has {len(text)} characters, the most is {MOST_CHARACTERS}")
    if "\0" in text:
        raise _fault(text.count("\n", 0, text.index("\0")) + 1, "holds a NUL byte: this is no text")
    text = plain(text)
    lines = lines_of(text)
    found = _start_of(lines)
    if found is None:
        mistaken = mistaken_for_model(text)
        raise DataError(f"this is {mistaken}" if mistaken else "there is no printed model in this text", WHOLE)
    start, front = found
    parser = _Parser()
    for number, raw in enumerate(lines[start:], start + 1):
        line = front.removed(raw)
        line = without_cell(line) if number == start + 1 else line
        if parser.root is not None and not parser.stack:
            _check_behind(line, number)
        elif line:
            parser.take(line, number)
    if parser.stack:
        last = parser.stack[-1].module
        raise _fault(last.line, f"the bracket of {shown(last.kind)} is never closed", WHOLE)
    if parser.root is None:
        raise DataError("there is no printed model in this text", WHOLE)
    return parser.root


def _fault(line: int, what: str, hint: str | None = None) -> DataError:
    return DataError(f"line {line}: {what}", hint)


def _start_of(lines: list[str]) -> tuple[int, Front] | None:
    """Return the line that a model begins in, and what stands in front of its lines; None where there is none."""
    whole: tuple[int, Front] | None = None
    for number, line in enumerate(lines[:_MOST_LINES_BEFORE]):
        if "(" not in line or ">>>" in line:
            continue
        shown_line = without_cell(bare(line).rstrip())
        if CHILD.match(shown_line):
            if whole is None:
                raise _fault(number + 1, f"{shown(shown_line)} stands in no module", WHOLE)
            break
        call, front = _CALL.match(shown_line), Front(is_numbered(line))
        if call is None or call["kind"] in _CALLED:
            log = front_of_log(lines, number)
            if log is not None:
                return number, log
        elif not call["rest"] and "." not in call["kind"]:
            return number, front
        elif whole is None and _is_layer(call, shown_line):
            # A model of one layer, or a line of code before the model.
            whole = number, front
    return whole


def _check_behind(line: str, number: int) -> None:
    """Refuse what belongs to a model and stands behind it."""
    if line == ")" or CHILD.match(line):
        raise _fault(number, f"{shown(line)} stands behind the last bracket of the model", "one model at a time")
    call = _CALL.match(line)
    if call is not None and not call["rest"]:
        raise _fault(number, f"a second model, {shown(call['kind'])}, begins here", "one model at a time")


def _open_brackets(text: str) -> int:
    """Return how many brackets more are opened than closed."""
    if "'" in text or '"' in text:
        text = _QUOTED.sub("", text)
    return text.count("(") - text.count(")")


class _Parser:
    """Takes line after line; `stack` are the modules that are open."""

    def __init__(self) -> None:
        self.root: Printed | None = None
        self.stack: list[_Open] = []
        self._modules = 0

    def take(self, line: str, number: int) -> None:
        """Take one line that is not blank."""
        if self.root is None:
            call = _CALL.match(line)
            if call is not None:
                self.root = Printed("", call["kind"], number)
                self._begin(self.root, call["rest"], 1)
            return
        child = CHILD.match(line)
        if child is not None:
            self._child(child["name"], child["count"], child["rest"], number)
            return
        top = self.stack[-1]
        top.brackets += _open_brackets(line)
        if top.brackets < 0:
            raise _fault(number, f"{shown(line)} closes more brackets than {shown(top.module.kind)} has open", WHOLE)
        if top.brackets or not line.endswith(")"):
            top.lines.append(line)
            if not top.brackets:
                raise _fault(number, f"{shown(line)} closes a module and goes on", WHOLE)
            return
        top.lines.append(line[:-1])
        self._close()

    def _child(self, name: str, count: str | None, rest: str, number: int) -> None:
        parent = self.stack[-1]
        if name in parent.names:
            raise _fault(number, f"({shown(name)[1:-1]}) stands twice in one {shown(parent.module.kind)}")
        parent.names.add(name)
        if rest == "None":
            # A place for a module that has none.
            return
        call = _CALL.match(rest)
        module = Printed(name, call["kind"] if call else rest, number)
        if count is not None:
            between = _RANGE.match(name)
            module.count, module.first = int(count), int(between["first"] if between else 0)
            if between is None or int(between["last"]) - module.first + 1 != module.count or module.count < 1:
                raise _fault(number, f"({shown(name)[1:-1]}) are not {count} modules", "(0-2): 3 x ...")
        parent.module.children.append(module)
        times = parent.times * module.count
        if call is None:
            self._count(times, number)
        else:
            self._begin(module, call["rest"], times)

    def _count(self, times: int, number: int) -> None:
        self._modules += times
        if self._modules > MOST_MODULES:
            raise _fault(number, f"more than {MOST_MODULES} modules")

    def _begin(self, module: Printed, rest: str, times: int) -> None:
        self._count(times, module.line)
        brackets = 1 + _open_brackets(rest)
        if brackets < 0 or (not brackets and not rest.endswith(")")):
            raise _fault(module.line, f"the brackets of {shown(module.kind)} do not match", WHOLE)
        if not brackets:
            module.arguments = rest[:-1]
            return
        if len(self.stack) >= MOST_DEPTH:
            raise _fault(module.line, f"modules within modules, more than {MOST_DEPTH} deep")
        self.stack.append(_Open(module, brackets, times, [rest] if rest else []))

    def _close(self) -> None:
        top = self.stack.pop()
        top.module.arguments = " ".join(filter(None, top.lines))
