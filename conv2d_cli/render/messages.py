"""Errors, hints and notes: a line where a program reads them, wrapped and coloured where a person does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from conv2d_cli.render.escaping import printable

if TYPE_CHECKING:
    from conv2d_cli.render.screen import Screen

    Kind = Literal["error", "hint", "note"]

_STYLES = {"error": "bold red", "hint": "bold cyan", "note": "yellow"}
# Later lines stand under the first one's words; in narrower terminals they have no columns to lose.
_INDENT, _NARROW_INDENT, _NARROW = len("error: "), 2, 40

_CODE = 'python -c "'
# Whoever gave a megabyte need not read it again; the end of a message says what is wrong with it.
_LONGEST, _KEPT_AT_THE_END = 2000, 500
# A hint is copied, and half a command is none. The longest of ours convert files, by their paths of 4,096 bytes.
_LONGEST_HINT = 20_000
_INSTEAD_OF_A_HINT = "conv2d --help"


def message(kind: Kind, text: str, screen: Screen) -> str:
    """Return a message that ends with a newline; commands in it can be copied, for only blanks break a line."""
    words = _readable(kind, printable(text))
    return f"{kind}: {words}\n" if screen.width is None else _for_people(kind, words, screen, screen.width)


def _readable(kind: Kind, words: str) -> str:
    """Return words of a length that people read: without the middle of longer ones, and no half of a hint."""
    if kind == "hint":
        return words if len(words) <= _LONGEST_HINT else _INSTEAD_OF_A_HINT
    if len(words) <= _LONGEST:
        return words
    return f"{words[: _LONGEST - _KEPT_AT_THE_END]} … {words[-_KEPT_AT_THE_END:]}"


def _for_people(kind: Kind, text: str, screen: Screen, width: int) -> str:
    from conv2d_cli.render.ascii import ascii_text
    from conv2d_cli.render.blocks import Span
    from conv2d_cli.render.console import printed
    from conv2d_cli.render.rich_parts import line_of
    from conv2d_cli.render.words import wrapped

    label = f"{kind}:"
    words = text if screen.unicode else ascii_text(text)
    text = f"{label:<{_INDENT}}{words}"
    # Code in quotes is one word of a shell: the terminal wraps its line, which is copied as one.
    lines = [text] if _CODE in words else wrapped(text, width, _NARROW_INDENT if width < _NARROW else _INDENT)
    first, *others = lines
    rest = first.removeprefix(label)
    return printed(
        [line_of((Span(label, _STYLES[kind]), Span(rest))), *(line_of((Span(line),)) for line in others)], screen
    )
