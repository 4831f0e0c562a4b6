"""From what Pydantic reports on a file to what its user reads: each fault with its place."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from conv2d_cli.errors import DataError, cut, did_you_mean, shown
from conv2d_cli.network.plain_values import path_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

# A file may have thousands of faults, and of names.
_MOST_TOLD, _MOST_NAMES, _LONGEST_HINT = 20, 500, 600
# What Pydantic calls a fault whose words are ours.
_OWN_WORDS = frozenset({"value_error", "assertion_error"})
# Types that stand in a path where a value may have one of several.
_CHOICE = re.compile(r"constrained-(?:int|float|str)|(?:nullable|tuple|list|function-\w+)\[.*\]")
_PLAIN = {
    "missing": "is missing",
    "extra_forbidden": "there is no such key",
    "no_layer": "there is no layer {given}",
}
# The values that Pydantic's errors name as the nearest allowed ones.
_NEAREST = {"greater_than_equal": "ge", "less_than_equal": "le"}


def told(
    error: ValidationError, before: str = "", known: Mapping[str, Callable[[tuple[str | int, ...]], Iterable[str]]] = {}
) -> DataError:
    """Return Pydantic's faults as one error.

    Args:
        error: what Pydantic found.
        before: the path of what it validated.
        known: for a type of fault, the names that would be right at a place.
    """
    faults: dict[str, list[str]] = {}
    hints = []
    details = error.errors(include_url=False)
    for one in islice(details, _MOST_TOLD):
        one["loc"] = without_choices(one["loc"])
        path = path_of(one["loc"], before) or "the file"
        faults.setdefault(path, []).append(_words(one))
        names = known.get(one["type"])
        hints.append(_hint(one, names and names(one["loc"])))
    if len(details) > _MOST_TOLD:
        faults["and"] = [f"{len(details) - _MOST_TOLD} more"]
    message = "; ".join(f"{path}: {' or '.join(dict.fromkeys(words))}" for path, words in faults.items())
    return DataError(message, "; ".join(dict.fromkeys(hint for hint in hints if hint)) or None)


def without_choices(parts: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Return a path without what is no key of the file, but one of several types that Pydantic tried.

    >>> without_choices(("output_size", "tuple[constrained-int,constrained-int]", 1))
    ('output_size', 1)
    """
    return tuple(part for part in parts if not (isinstance(part, str) and _CHOICE.fullmatch(part)))


def named(name: str, names: Iterable[str], before: str = "") -> str | None:
    """Return the hint for a name that is none, of files that may have thousands; None where there are none.

    >>> named("ReLu", ["ReLU", "ELU"], "type=")
    'did you mean type=ReLU or ELU?'
    """
    first = [*islice(names, _MOST_NAMES)]
    if not first:
        return None
    hint = did_you_mean(name, first, before)
    return hint if hint.startswith("did you mean") or len(hint) <= _LONGEST_HINT else f"{hint[:_LONGEST_HINT]}…"


def _words(one: ErrorDetails) -> str:
    given, kind = one["input"], one["type"]
    if kind in _PLAIN:
        return _PLAIN[kind].format(given=shown(given))
    words = one["msg"].removeprefix("Value error, ").removeprefix("Input ").replace(" after validation", "")
    if kind == "model_type":
        # The class is none that a file could hold.
        words = words.partition(" or instance of ")[0]
    words = f"{words[:1].lower()}{words[1:]}"
    if kind in _OWN_WORDS or isinstance(given, dict | list | tuple):
        return words
    return f"{words}, not {shown(given)}"


def _hint(one: ErrorDetails, names: Iterable[str] | None) -> str | None:
    key = next((part for part in reversed(one["loc"]) if isinstance(part, str) and part), "")
    if names is not None:
        # A key that may not stand there, or a value.
        return named(str(key if one["type"] == "extra_forbidden" else one["input"]), names)
    nearest = _NEAREST.get(one["type"])
    return None if nearest is None else f"{cut(key)}={one['ctx'][nearest]}"
