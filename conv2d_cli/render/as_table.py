"""The table for people: a key and its value a line, every digit shown however narrow the terminal."""

from __future__ import annotations

import io
import textwrap
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from conv2d_cli.render.values import bare, without_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from conv2d_cli.render.screen import Screen

_GAP = "  "


def render(record: Mapping[str, Any], formulas: Mapping[str, Sequence[str]], screen: Screen) -> str:
    """Return the record as a table; values that do not fit beside their key go under it."""
    rows = [(key, "-" if value is None else bare(value)) for key, value in without_version(record).items()]
    key_width = max(len(key) for key, _ in rows)
    lines = (line for key, value in rows for line in _lines(key, value, formulas.get(key, ()), key_width, screen.width))
    return _printed(lines, screen)


def render_rows(rows: Sequence[Mapping[str, Any]], screen: Screen) -> str:
    """Return records of the same keys as lines under them, or one by one where the terminal is too narrow."""
    keys = [*without_version(rows[0])]
    cells = [["-" if row[key] is None else bare(row[key]) for key in keys] for row in rows]
    widths = [max(map(len, column)) for column in zip(keys, *cells, strict=True)]
    if screen.width is not None and sum(widths) + len(_GAP) * (len(widths) - 1) > screen.width:
        return "\n".join(render(row, {}, screen) for row in rows)
    to_the_right = [all(_is_number(row[key]) for row in rows) for key in keys]
    return _printed(
        (
            Text(_GAP.join(map(_justified, line, widths, to_the_right)).rstrip(), "" if number else "cyan")
            for number, line in enumerate([keys, *cells])
        ),
        screen,
    )


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _justified(text: str, width: int, to_the_right: bool) -> str:  # noqa: FBT001 - mapped over
    return text.rjust(width) if to_the_right else text.ljust(width)


def _printed(lines: Iterable[Text], screen: Screen) -> str:
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
    for line in lines:
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
