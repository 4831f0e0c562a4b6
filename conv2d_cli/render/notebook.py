"""A report, or a layer, that shows itself: in a notebook, and to a console of the caller's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.report.analysis import analyze

if TYPE_CHECKING:
    from typing import NamedTuple

    from rich.console import Console, ConsoleOptions, RenderResult

    from conv2d_cli.layer.model import Conv2d

_HTML_WIDTH = 100
_HTML = '<pre style="font-family:monospace;line-height:1.2;white-space:pre;overflow-x:auto">{code}</pre>\n'


class _Screen:
    """A report as Rich shows it, at the width of the console it is printed on; a layer by its facts."""

    def __init__(self, shown: NamedTuple | Conv2d) -> None:
        self._report: NamedTuple = shown if isinstance(shown, tuple) else analyze(shown)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.text import Text

        from conv2d_cli.render.layout import laid_out
        from conv2d_cli.render.screens.registry import blocks_of
        from conv2d_cli.render.screens.view import View

        del console
        width = options.max_width
        for renderable in laid_out(blocks_of(self._report, View(width, in_python=True)), width):
            # A console of the caller's cuts what is wider than itself.
            if isinstance(renderable, Text) and renderable.cell_len > width:
                renderable.no_wrap, renderable.overflow = False, "fold"
            yield renderable


def rich_of(shown: NamedTuple | Conv2d) -> object:
    """Return a renderable of the screen."""
    return _Screen(shown)


def html_of(shown: NamedTuple | Conv2d) -> str:
    """Return the screen as a fragment of HTML that needs no style sheet."""
    import io

    from rich.console import Console

    console = Console(
        file=io.StringIO(), width=_HTML_WIDTH, record=True, force_terminal=True, force_jupyter=False, highlight=False
    )
    console.print(_Screen(shown))
    return console.export_html(inline_styles=True, code_format=_HTML)
