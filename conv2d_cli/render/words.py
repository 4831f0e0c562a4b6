"""Words to lines: broken at blanks alone."""

from __future__ import annotations

import textwrap


def wrapped(text: str, width: int, indent: int = 0) -> list[str]:
    """Return lines broken at blanks alone, so that a command can be copied, the later ones indented.

    A word that is wider than the width is a line of its own, and begins at its left.
    """
    lines: list[str] = []
    for part in text.split("\n"):
        lines += textwrap.wrap(
            part,
            max(width, 1),
            subsequent_indent=" " * (indent if indent < width else 0),
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]
    return [line if len(line) <= width else line.lstrip() for line in lines]
