"""Alternatives as people type them: `1,3,5`, the range `1..4` (both ends in), `1..64..8` with a step, `3x5,same`."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

from conv2d_cli.errors import UsageError, cut
from conv2d_cli.layer.text import integers_of
from conv2d_cli.limits import INTEGER_DIGITS

if TYPE_CHECKING:
    from collections.abc import Iterator

Value = int | tuple[int, ...] | str
_RANGE = re.compile(r"([-+]?[0-9]+)\s*\.\.\s*([-+]?[0-9]+)(?:\s*\.\.\s*([-+]?[0-9]+))?", re.ASCII)
# What others write for a range.
_OTHER_RANGE = re.compile(r"([0-9]{1,18})\s*[-:]\s*([0-9]{1,18})", re.ASCII)
# Up to a comma that stands in no brackets.
_WORD = re.compile(r"((?:\([^)]*\)?|\[[^\]]*\]?|[^,(\[])*)(?:,|$)")


class Alternatives:
    """The values that one option may take, in the order in which they were typed; ranges are never written out.

    >>> [*alternatives_of("1,3x5,7..11..2,(0, 0, 1, 1),same", "-p")]
    [1, (3, 5), 7, 9, 11, (0, 0, 1, 1), 'same']
    """

    def __init__(self, parts: tuple[range | tuple[Value], ...]) -> None:
        """Hold ranges, and single values each in a tuple."""
        self.parts = parts

    @property
    def number(self) -> int:
        """How many there are."""
        return sum(map(number_in, self.parts))

    def __iter__(self) -> Iterator[Value]:
        """Yield the values: integers, tuples of these, and words that spell neither."""
        return chain.from_iterable(self.parts)


def number_in(part: range | tuple[object, ...]) -> int:
    """Return how many values there are, also of a range with more than `len` can count."""
    return (part[-1] - part[0]) // part.step + 1 if isinstance(part, range) else len(part)


def alternatives_of(text: str, option: str, least: int = 1, example: str = "") -> Alternatives:
    """Return the alternatives that an option's text holds; `option` is how the user spelled it.

    Commas stand between alternatives, so a pair is `3x5` and four paddings are `(0,0,1,1)`. Hints name ranges of
    numbers from the `least` on, and the `example` where it is given.

    Raises:
        UsageError: one of them is empty, or a range that holds nothing, or is written in another way.
    """
    # What ends with a comma has an empty word behind it.
    words = [found[1].strip() for found in _WORD.finditer(text) if found.start() < len(text) or text[-1:] in {"", ","}]
    return Alternatives(tuple(_part(word, text, option, least, example) for word in words))


def _part(word: str, text: str, option: str, least: int, example: str) -> range | tuple[Value]:
    if not word:
        said = f"{option} {cut(text)}: " if text else f"{option}: "
        raise UsageError(
            f"{said}a comma separates alternatives, and one of them is empty", f"{option} {example or '1,2'}"
        )
    other = _OTHER_RANGE.fullmatch(word)
    if other is not None:
        raise UsageError(f"{option} {cut(word)}: a range is written FIRST..LAST", f"{option} {_upwards(other, least)}")
    if ".." not in word:
        value = integers_of(word)
        return (word if value is None else value,)
    found = _RANGE.fullmatch(word)
    if found is None or len(word) > INTEGER_DIGITS:
        raise UsageError(
            f"{option} {cut(word)}: a range is FIRST..LAST or FIRST..LAST..STEP, in whole numbers",
            f"{option} {example}" if example else f"{option} 1..4, or {option} 1..64..8",
        )
    first, last, step = int(found[1]), int(found[2]), int(found[3] or "1")
    if step < 1 or last < first:
        meant = _upwards(found, least) + (f"..{abs(step)}" if abs(step) > 1 else "")
        raise UsageError(
            f"{option} {cut(word)}: a range goes upwards, in steps of 1 or more, and this one is empty",
            f"{option} {meant}",
        )
    return range(first, last + 1, step)


def _upwards(found: re.Match[str], least: int) -> str:
    """Return a range from the smaller of two numbers to the larger, neither below the `least`."""
    first, last = sorted(max(least, int(number)) for number in found.groups()[:2])
    return f"{first}..{last}"
