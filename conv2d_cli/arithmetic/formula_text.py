"""A formula's text to Python's syntax tree, which is never run; what is no formula is told in words, with its place."""

from __future__ import annotations

import ast
import re
from fractions import Fraction

from conv2d_cli.errors import cut

# What a formula may hold.
MOST_CHARACTERS = 1000
DEEPEST = 50
# 10^300 is more than anything that is counted.
_LARGEST_EXPONENT = 300

# ASCII alone: a name that looks like a key and is none would be a riddle. What repeats is never given back.
_WORD = re.compile(
    r"""(?P<number>(?!0[0-9])(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?+)(?![A-Za-z0-9_.])
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*+)
    | (?P<operator>\*\* | // | [<>=!]= | <(?!>) | [-+*/%>()])
    | [ ]++""",
    re.VERBOSE | re.ASCII,
)
_LINE = str.maketrans("\t\r\n", "   ")
_NO_NUMBER = re.compile(r"\.?+[0-9][A-Za-z0-9_.]*+")
_KEY = re.compile(r"\b(?!(?:and|or|not)\b)[A-Za-z_]\w*+", re.ASCII)
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
NESTED = f"is nested more than {DEEPEST} deep"
_PARSER_SAYS = {
    "never closed": "is not closed",
    "unmatched": "closes a bracket that was not opened",
    "nested": NESTED,
}
GRAMMAR = "a formula has numbers, keys, + - * / // % **, comparisons, and, or, not, ( )"


class FormulaError(ValueError):
    """A formula that cannot be read or worked out; the message says why."""


def tree_of(text: str) -> tuple[str, ast.expr]:
    """Return a formula in one line, without blanks around it, and its tree, whose columns are those of the line.

    Names and numbers are in the line alone.

    Raises:
        FormulaError: it is too long, holds what is no word of a formula, or its words do not go together.

    >>> line, tree = tree_of(" macs <= 6e8")
    >>> line, type(tree).__name__, tree.col_offset, tree.end_col_offset
    ('macs <= 6e8', 'Compare', 0, 11)
    """
    if len(text) > MOST_CHARACTERS:
        raise FormulaError(f"has {len(text):,} characters, the most is {MOST_CHARACTERS:,}")
    line = text.translate(_LINE).strip(" ")
    place = 0
    while place < len(line):
        word = _WORD.match(line, place)
        if word is None:
            raise FormulaError(_no_word(line, place))
        place = word.end()
    try:
        # `in` and `class` are names like any other: to the parser all are underscores, in the same places.
        return line, ast.parse(_KEY.sub(lambda key: "_" * len(key[0]), line), mode="eval").body
    except SyntaxError as error:
        raise FormulaError(_no_formula(line, error)) from None
    except (RecursionError, MemoryError):
        raise FormulaError(NESTED) from None


def source_of(line: str, node: ast.expr) -> str:
    """Return the words of a part of a formula and their place, as a message tells them."""
    return _told(line, node.col_offset, node.end_col_offset)


def text_of(line: str, node: ast.expr) -> str:
    """Return a part of a formula as it is written."""
    return line[node.col_offset : node.end_col_offset]


def number_of(line: str, node: ast.expr) -> int | Fraction:
    """Return a number as it is written, whole where it is, never as a float would round it.

    Raises:
        FormulaError: its exponent is out of all proportion.

    >>> [number_of(*tree_of(text)) for text in ("600e6", "0.1")]
    [600000000, Fraction(1, 10)]
    """
    text = text_of(line, node)
    exponent = text.lower().partition("e")[2]
    if abs(int(exponent or "0")) > _LARGEST_EXPONENT:
        raise FormulaError(f"{source_of(line, node)}: its exponent is beyond {_LARGEST_EXPONENT}")
    exact = Fraction(text)
    return int(exact) if exact.denominator == 1 else exact


def _told(line: str, start: int, end: int | None) -> str:
    return f"'{cut(line[start:end])}' at character {start + 1}"


def _no_word(line: str, place: int) -> str:
    """Return why there is no word at a place."""
    number = _NO_NUMBER.match(line, place)
    if number is not None:
        return f"{_told(line, place, number.end())} is no number: write 1000, 0.5 or 1e6"
    for length in (2, 1):
        written = line[place : place + length]
        if written in _MEANT:
            return f"{_told(line, place, place + length)}: write {_MEANT[written]}"
    return f"{line[place]!r} at character {place + 1}: {_SAID.get(line[place], GRAMMAR)}"


def _no_formula(line: str, error: SyntaxError) -> str:
    """Return what is wrong with words that do not go together, from where Python's parser could not go on."""
    # Behind the last word the place is 0, or beyond the line.
    place = (error.offset or 0) - 1
    word = _WORD.match(line, place) if 0 <= place < len(line) else None
    if word is None:
        return "a number or a key is missing before the end"
    told = _told(line, place, word.end())
    meant = next((meant for said, meant in _PARSER_SAYS.items() if said in error.msg), None)
    if meant is not None:
        return f"{told} {meant}"
    if word[0] == "not":
        return f"{told} needs brackets around it and its condition"
    if not word["number"] and word[0] != "(" and word["name"] in {None, "and", "or"}:
        return f"a number or a key is missing before {told}"
    end = (error.end_offset or 0) - 1
    # In brackets the parser tells of both operands.
    return (
        f"an operator is missing {'before' if end <= word.end() else 'in'} {_told(line, place, max(end, word.end()))}"
    )
