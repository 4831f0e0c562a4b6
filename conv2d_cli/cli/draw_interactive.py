"""`conv2d draw --interactive`: a page on which every argument of a layer can be changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.cli.draw_output import target_of
from conv2d_cli.cli.output import output_of
from conv2d_cli.cli.shape_one import analyzed
from conv2d_cli.errors import UsageError
from conv2d_cli.layer.model import Conv2d
from conv2d_cli.report.page import page_report

if TYPE_CHECKING:
    from conv2d_cli.cli.draw_request import Request

# What the page opens with where no layer is given: the first of ResNet, on the images that it is for.
_LAYER = Conv2d(3, 64, 7, stride=2, padding=3)
_SIZE = "224"
_KIND = "html"
_FILE = f"page.{_KIND}"
_OPERANDS = ("3", "64", "7")


def show(request: Request) -> int:
    """Write the page to a file.

    Raises:
        UsageError, LayerError, ShapeError: the page has no file, or cannot open with what was given.
        FileError: the file cannot be written.
    """
    from conv2d_cli import __version__
    from conv2d_cli.render.pages.layer.page import content

    options, words = request.options, request.words
    if options.file is None:
        raise UsageError("--interactive: a page is written to a file", words.typed.line({}, "-o", _FILE))
    refused = {
        "--animate": (options.animate, "shows every window"),
        "--at": (options.at is not None, "shows every window"),
        "--theme": (options.theme is not None, "has the colours that the reader prefers"),
    }
    for name, (given, why) in refused.items():
        if given:
            raise UsageError(f"{name}: the page {why}", words.typed.without(name))
    if not words.given and words.options:
        raise UsageError("LAYER is missing: what the options say is said of a layer", words.typed.line({}, *_OPERANDS))
    output = output_of(request.output, ())
    if output.asked_for:
        raise UsageError("--interactive has no facts of its own", "conv2d shape has those of a layer")
    target = target_of(options, output, (_KIND,), "page")
    layer = words.layer() if words.given else _LAYER
    report = analyzed(layer, options.input_size or _SIZE, None, words)
    assert target is not None  # noqa: S101 - there is a file
    target.write(content(page_report(report), __version__), f"opens with {layer}")
    return 0
