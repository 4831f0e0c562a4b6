"""What a rule says, and the small language that it is written in.

A rule knows a block by the name of its class together with the names of its children. `name?` may be missing, `name()`
must be empty, and `%` stands for a number: `layer%` are `layer1`, `layer2` and so on. Its flow is a line a tensor::

    body = input > conv1 > bn1 > relu
    output = body, input > Add()

The last line's tensor comes out. A step is a child, `a.b` a child's child, `layer%` all of that name in their order
(what is optional and missing passes its input on), or a module that is not printed, written with brackets: `Flatten()`,
or `Flatten() as flat` for another name than `flatten`: a function of torch, unless
`like X()` says that the same comes of something else. A word in quotes is worked out from printed arguments:
`'@block.0.out_channels'` is that of a child, and `'@fc.in_features -> 768: 12, 1024: 16'` chooses by it.

`output = body, input > Add() if keeps body_child` adds only where the convolutions of that child keep the shape, else
the first tensor comes out. `dense layer%` reads each time all that came out before, side by side. `idle aux` are
children that are not called when a network is used, and `nothing` is the source of what reads no tensor.
`block.1 := Permute(dims=(0, 2, 3, 1))` says what a child is whose printed text lacks it, and `. := ...`, alone, what
the block itself is: its children are parts of that.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from conv2d_cli.network.arguments import literal_arguments

if TYPE_CHECKING:
    from collections.abc import Sequence


# The path of the block itself among what a rule supplies.
ITSELF = "."


class Call(NamedTuple):
    """A module that is not printed: its kind, its arguments, and what its node is called.

    `is_alike` says that torchvision computes it in another way, as a mean over axes for a global pooling.
    """

    kind: str
    arguments: dict[str, Any]
    name: str
    is_alike: bool = False


class Step(NamedTuple):
    """One step: a child (or all that its pattern matches), or a call. `keeps` is the child that must keep the shape."""

    child: str = ""
    call: Call | None = None
    keeps: str = ""
    dense: bool = False


class Line(NamedTuple):
    """A tensor, what it is made from, and how."""

    target: str
    sources: tuple[str, ...]
    steps: tuple[Step, ...]


class Flow(NamedTuple):
    """All lines of a rule. `supplied` are children by path, with what their text lacks; an idle line has no sources."""

    lines: tuple[Line, ...]
    supplied: dict[str, Call]


class Rule(NamedTuple):
    """The classes that a rule knows, the names of their children, and the flow as text."""

    kinds: str
    children: str
    text: str

    def matches(self, names: Sequence[str], empty: frozenset[str]) -> bool:
        """Whether children have the names that the rule wants, `empty` those without children of their own."""
        words, rest = self.children.split(), {*names}
        if len(rest) > len(words) and "%" not in self.children:
            return False
        for word in words:
            pattern = pattern_of(word.rstrip("?()"))
            found = {name for name in rest if pattern.fullmatch(name)}
            rest -= found
            if (not found and not word.endswith("?")) or (word.endswith("()") and not found <= empty):
                return False
        return not rest


@lru_cache(maxsize=1024)
def pattern_of(word: str) -> re.Pattern[str]:
    """Return what matches the names that a word of a rule stands for."""
    return re.compile(re.escape(word).replace("%", "[0-9]+"))


_SUPPLIED = re.compile(r"(?P<path>\S+) := (?P<call>.*)\Z")
_CALL = re.compile(r"(?P<alike>like )?(?P<kind>\w+)\((?P<arguments>.*)\)(?: as (?P<name>\S+))?\Z")


@lru_cache(maxsize=256)
def flow_of(text: str) -> Flow:
    """Return the flow that a rule's text describes."""
    lines, supplied = [], {}
    for line in filter(None, map(str.strip, text.splitlines())):
        given = _SUPPLIED.match(line)
        if given is not None:
            supplied[given["path"]] = call_of(given["call"])
        elif line.startswith("idle "):
            lines.append(Line("", (), tuple(Step(child) for child in line.split()[1:])))
        else:
            target, _, made = line.partition(" = ")
            sources, *steps = made.split(" > ")
            lines.append(Line(target, tuple(sources.split(", ")), tuple(map(_step, steps))))
    return Flow(tuple(lines), supplied)


def _step(text: str) -> Step:
    text, _, keeps = text.strip().partition(" if keeps ")
    if text.startswith("dense "):
        return Step(text.removeprefix("dense "), dense=True)
    return Step(call=call_of(text), keeps=keeps) if "(" in text else Step(text, keeps=keeps)


def call_of(text: str) -> Call:
    """Return the module that a rule writes with brackets."""
    match = _CALL.match(text)
    if match is None:
        raise ValueError(f"{text!r} is no call")
    arguments = literal_arguments(match["kind"], match["arguments"], (), "a rule")
    return Call(match["kind"], arguments, match["name"] or match["kind"].lower(), match["alike"] is not None)
