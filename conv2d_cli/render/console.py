"""The one console: renderables to text, with or without escape codes."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console, RenderableType

    from conv2d_cli.render.screen import Screen

# Tables fill their last column with blanks, which only disturb who copies a line.
_BLANKS_AT_THE_END = re.compile(r" +((?:\x1b\[[0-9;]*m)*)$", re.MULTILINE)
# Where nothing limits the width, nothing may be wrapped.
_NO_LIMIT = 100_000


def printed(renderables: Iterable[RenderableType], screen: Screen) -> str:
    """Return what a console of the screen's width and colours shows; what is wider is never cut."""
    text = io.StringIO()
    _console(text, screen).print(*renderables, sep="\n", crop=False, no_wrap=True, overflow="ignore")
    return _BLANKS_AT_THE_END.sub(r"\1", text.getvalue())


def _console(file: io.StringIO, screen: Screen) -> Console:
    from rich.console import Console

    return Console(
        file=file,
        width=screen.width or _NO_LIMIT,
        force_terminal=screen.color,
        force_jupyter=False,
        color_system="standard" if screen.color else None,
        no_color=not screen.color,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
