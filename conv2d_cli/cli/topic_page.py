"""A topic of `conv2d help` on a screen: paragraphs and tables wrapped to its width, commands whole."""

from __future__ import annotations

import re
import shutil
import textwrap

from conv2d_cli.cli.topics import TOPICS

_WIDEST, _NARROWEST = 100, 30
# A key, or none where the line above goes on, and what it means.
_ROW = re.compile(r"((?:  \S(?: ?\S)*| {4,}) {2,})(\S.*)")


def page(name: str) -> str:
    """Return the text of a topic, its paragraphs wrapped to the terminal."""
    width = max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size().columns))
    paragraphs = TOPICS[name].text.strip("\n").split("\n\n")
    return "\n\n".join(_wrapped(paragraph, width) for paragraph in paragraphs) + "\n"


def _wrapped(paragraph: str, width: int) -> str:
    if not paragraph.startswith(" "):
        return _filled(" ".join(paragraph.split()), width)
    lines = paragraph.splitlines()
    rows = [found.groups() for found in map(_ROW.fullmatch, lines) if found]
    if max(map(len, lines)) <= width or len(rows) < len(lines):
        # A command is there to be copied: never wrapped.
        return paragraph
    whole: list[tuple[str, str]] = []
    for key, says in rows:
        if key.strip():
            whole.append((key, says))
        else:
            first, before = whole.pop()
            whole.append((first, f"{before} {says}"))
    return "\n".join(_row(key, says, width) for key, says in whole)


def _row(key: str, says: str, width: int) -> str:
    """Return a key and what it means beside it, or below it where little is left beside."""
    if width - len(key) < _NARROWEST:
        return f"{key.rstrip()}\n{_filled(says, width, ' ' * 4)}"
    return key + _filled(says, width, " " * len(key)).lstrip()


def _filled(text: str, width: int, indent: str = "") -> str:
    filler = textwrap.TextWrapper(width, indent, indent, break_long_words=False, break_on_hyphens=False)
    return filler.fill(text)
