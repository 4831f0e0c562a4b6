"""A report that shows itself: in a notebook, and to a console of the caller's."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import NamedTuple

    from rich.console import Console, ConsoleOptions, RenderResult

_HTML_WIDTH = 100
_HTML = '<pre style="font-family:monospace;line-height:1.2;white-space:pre;overflow-x:auto">{code}</pre>\n'


class _Screen:
    """A report as Rich shows it, at the width of the console it is printed on."""

    def __init__(self, report: NamedTuple) -> None:
        self._report = report

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.text import Text

        from conv2d_cli.render.layout import laid_out
        from conv2d_cli.render.screens.registry import blocks_of
        from conv2d_cli.render.screens.view import View

        del console
        width = options.max_width
        for renderable in laid_out(blocks_of(self._report, View(width)), width):
            # A console of the caller's cuts what is wider than itself.
            if isinstance(renderable, Text) and renderable.cell_len > width:
                renderable.no_wrap, renderable.overflow = False, "fold"
            yield renderable


def rich_of(report: NamedTuple) -> object:
    """Return a renderable of the report's screen."""
    return _Screen(report)


def html_of(report: NamedTuple) -> str:
    """Return the report's screen as a fragment of HTML that needs no style sheet."""
    import io

    from rich.console import Console

    console = Console(
        file=io.StringIO(), width=_HTML_WIDTH, record=True, force_terminal=True, force_jupyter=False, highlight=False
    )
    console.print(_Screen(report))
    return console.export_html(inline_styles=True, code_format=_HTML)
