"""The words of a formula: numbers, names and operators, each with its place; what is none of these is told in words."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.errors import cut

if TYPE_CHECKING:
    from collections.abc import Iterator

# What a formula may hold.
MOST_CHARACTERS = 1000
# 10^300 is more than anything that is counted.
_LARGEST_EXPONENT = 300

# ASCII alone: a name that looks like a key and is none would be a riddle. What repeats is never given back.
_TOKEN = re.compile(
    r"""(?P<number>(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?+)(?![A-Za-z0-9_.])
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*+)
    | (?P<operator>\*\* | // | [<>=!]= | [-+*/%<>()])""",
    re.VERBOSE,
)
_BLANKS = re.compile(r"[ \t\r\n]*+")
_NO_NUMBER = re.compile(r"\.?+[0-9][A-Za-z0-9_.]*+")
# What other languages write, and what is meant here.
_MEANT = {
    "&&": "and", "||": "or", "<>": "!=", "=<": "<=", "=>": ">=", "=": "==", "&": "and", "|": "or", "!": "not",
    "^": "**", "×": "*", "÷": "/", "−": "-", "≤": "<=", "≥": ">=", "≠": "!=",  # noqa: RUF001 - as they are typed
}  # fmt: skip
_NO_TEXT = "there is no text in a formula, only numbers and keys"
_SAID = {
    ",": "there are no commas, in numbers as in 1000 or 1e3, and no functions",
    ".": "a key has no points: output_height",
    "'": _NO_TEXT,
    '"': _NO_TEXT,
    "`": _NO_TEXT,
    "[": "brackets are round here",
    "{": "brackets are round here",
}
_GRAMMAR = "a formula has numbers, keys, + - * / // % **, comparisons, and, or, not, ( )"


class FormulaError(ValueError):
    """A formula that cannot be read or worked out; the message says why."""


class Token(NamedTuple):
    """A word of a formula: `kind` is number, name, operator or end, `place` that of its first character, from 1 on."""

    kind: str
    text: str
    place: int

    def __str__(self) -> str:
        """Return the word and its place, as a message tells it."""
        return "the end" if self.kind == "end" else f"'{cut(self.text)}' at character {self.place}"


def tokens_of(text: str) -> list[Token]:
    """Return the words of a formula and its end.

    Raises:
        FormulaError: it is too long, or holds what is no word of a formula.

    >>> [token.text for token in tokens_of("macs <= 6e8")]
    ['macs', '<=', '6e8', '']
    """
    if len(text) > MOST_CHARACTERS:
        raise FormulaError(f"has {len(text):,} characters, the most is {MOST_CHARACTERS:,}")
    return [*_tokens(text)]


def _tokens(text: str) -> Iterator[Token]:
    place = _end_of_blanks(text, 0)
    while place < len(text):
        found = None if text[place : place + 2] in _MEANT else _TOKEN.match(text, place)
        if found is None:
            raise FormulaError(_no_token(text, place))
        yield Token(found.lastgroup or "", found[0], place + 1)
        place = _end_of_blanks(text, found.end())
    yield Token("end", "", len(text) + 1)


def _end_of_blanks(text: str, place: int) -> int:
    blanks = _BLANKS.match(text, place)
    return place if blanks is None else blanks.end()


def _no_token(text: str, place: int) -> str:
    """Return why there is no word at a place."""
    number = _NO_NUMBER.match(text, place)
    if number is not None:
        return f"'{cut(number[0])}' at character {place + 1} is no number: write 1000, 0.5 or 1e6"
    for length in (2, 1):
        written = text[place : place + length]
        if written in _MEANT:
            return f"'{written}' at character {place + 1}: write {_MEANT[written]}"
    return f"{text[place]!r} at character {place + 1}: {_SAID.get(text[place], _GRAMMAR)}"


def number_of(token: Token) -> int | Fraction:
    """Return the number as it is written, whole where it is, never as a float would round it.

    Raises:
        FormulaError: its exponent is out of all proportion.

    >>> number_of(Token("number", "600e6", 1)), number_of(Token("number", "0.1", 1))
    (600000000, Fraction(1, 10))
    """
    exponent = token.text.lower().partition("e")[2]
    if abs(int(exponent or "0")) > _LARGEST_EXPONENT:
        raise FormulaError(f"{token}: its exponent is beyond {_LARGEST_EXPONENT}")
    exact = Fraction(token.text)
    return int(exact) if exact.denominator == 1 else exact
