"""The table for people: a key and its value a line, every digit shown however narrow the terminal."""

from __future__ import annotations

import io
import textwrap
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from conv2d_cli.render.values import bare, without_version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from conv2d_cli.render.screen import Screen

_GAP = "  "


def render(record: Mapping[str, Any], formulas: Mapping[str, Sequence[str]], screen: Screen) -> str:
    """Return the record as a table; values that do not fit beside their key go under it."""
    rows = [(key, "-" if value is None else bare(value)) for key, value in without_version(record).items()]
    key_width = max(len(key) for key, _ in rows)
    text = io.StringIO()
    console = Console(
        file=text,
        force_terminal=screen.color,
        color_system="standard" if screen.color else None,
        no_color=not screen.color,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    for key, value in rows:
        for line in _lines(key, value, formulas.get(key, ()), key_width, screen.width):
            console.print(line, soft_wrap=True)
    return text.getvalue()


def _lines(key: str, value: str, formulas: Sequence[str], key_width: int, width: int | None) -> Iterator[Text]:
    """Return the lines of one row; numbers are never broken, whatever `width` is."""
    beside = key_width + len(_GAP) + len(value)
    if width is None or beside <= width:
        yield Text.assemble((key.ljust(key_width), "cyan"), _GAP, value)
        indent = " " * (key_width + len(_GAP))
    else:
        yield Text(key, "cyan")
        indent = _GAP
        for part in _wrapped(value, width, indent):
            yield Text(part)
    for formula in formulas:
        fits = width is None or len(indent) + len(formula) <= width
        for part in [indent + formula] if fits or width is None else _wrapped(formula, width, _GAP):
            yield Text(part, "dim")


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    room = max(width, len(indent) + 1)
    return textwrap.wrap(
        text,
        room,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
