"""A report, or a layer, that shows itself: in a notebook, and to a console of the caller's."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, cast

from conv2d_cli.errors import Conv2dError
from conv2d_cli.render.escaping import printable
from conv2d_cli.report.analysis import analyze
from conv2d_cli.report.draw import DrawReport
from conv2d_cli.report.shape import ShapeReport
from conv2d_cli.report.stack import StackReport

if TYPE_CHECKING:
    from typing import NamedTuple

    from rich.console import Console, ConsoleOptions, RenderResult

    from conv2d_cli.layer.model import Conv2d
    from conv2d_cli.report.network import Network

_HTML_WIDTH = 100
_HTML = '<pre style="font-family:monospace;line-height:1.2;white-space:pre;overflow-x:auto">{code}</pre>\n'


class _Screen:
    """A report as Rich shows it, at the width of the console it is printed on; a layer or a network by its facts."""

    def __init__(self, report: NamedTuple) -> None:
        self._report = report

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


def rich_of(shown: NamedTuple | Conv2d | Network) -> object:
    """Return a renderable of the screen; of a network that fits no input, what it is and why."""
    try:
        return _Screen(_report_of(shown))
    except Conv2dError as error:
        return printable(f"{shown!r}\n{error}", keep="\n")


def html_of(shown: NamedTuple | Conv2d | Network) -> str:
    """Return a fragment of HTML that needs no style sheet: figures, and the picture of a layer on its input."""
    try:
        report = _report_of(shown)
    except Conv2dError as error:
        return f"<pre>{escape(printable(f'{shown!r}{chr(10)}{error}', keep=chr(10)))}</pre>\n"
    if isinstance(report, StackReport):
        from conv2d_cli.render.notebook_network import network_html

        return network_html(report)
    # What a picture shows are the figures of its layer.
    figures = _figures(report.shape if isinstance(report, DrawReport) else report)
    return figures + (_picture(report) if isinstance(shown, tuple) else _example(cast("Conv2d", shown)))


def svg_of(shown: DrawReport) -> str:
    """Return the picture of a layer on its input, whose ids no other output of the notebook has."""
    from conv2d_cli.render.picture import Picture

    return Picture(shown)._repr_svg_()


def _report_of(shown: NamedTuple | Conv2d | Network) -> NamedTuple:
    if isinstance(shown, tuple):
        return shown
    # A network answers for itself; to ask for its class would load all of its room.
    answer = getattr(shown, "analyze", None)
    report: NamedTuple = analyze(cast("Conv2d", shown)) if answer is None else answer()
    return report


def _figures(report: NamedTuple) -> str:
    import io

    from rich.console import Console

    console = Console(
        file=io.StringIO(), width=_HTML_WIDTH, record=True, force_terminal=True, force_jupyter=False, highlight=False
    )
    console.print(_Screen(report))
    return console.export_html(inline_styles=True, code_format=_HTML)


def _example(layer: Conv2d) -> str:
    """Return the picture of a layer that has no input, on a small one."""
    from conv2d_cli.render.layer_text import times
    from conv2d_cli.report.picture import example_sides

    try:
        sides = example_sides(analyze(layer))
        shape = analyze(layer, sides)
    except Conv2dError:
        # No input is large enough for its padding, and small enough for an array.
        return ""
    return f"<p>For example on {times(sides)}:</p>\n{_picture(shape)}"


def _picture(report: NamedTuple) -> str:
    """Return the picture as an image of its own, so that nothing in it meets what else is on the page."""
    if not isinstance(report, ShapeReport | DrawReport):
        return ""
    from base64 import b64encode

    from conv2d_cli.render.picture import Picture, picture_of

    picture = Picture(report) if isinstance(report, DrawReport) else picture_of(report)
    if picture is None:
        return ""
    drawn = b64encode(picture.svg().encode()).decode()
    return f'<img alt="{escape(repr(picture))}" style="max-width:100%" src="data:image/svg+xml;base64,{drawn}">\n'
