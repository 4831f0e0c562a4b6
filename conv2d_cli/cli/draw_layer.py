"""`conv2d draw` of one layer on its input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.cli.draw_output import show_facts, target_of
from conv2d_cli.cli.draw_place import typed_place
from conv2d_cli.cli.draw_request import PLANE
from conv2d_cli.cli.draw_subject import layer_of, report_of, size_of
from conv2d_cli.cli.output import output_of
from conv2d_cli.errors import UsageError
from conv2d_cli.layer.text import is_size
from conv2d_cli.render.drawing.registry import MOVING, animation_of, drawing_of
from conv2d_cli.render.layer_text import as_torch_prints
from conv2d_cli.render.pictures.registry import ANIMATED, KINDS, content
from conv2d_cli.report.draw_volume import volume_report
from conv2d_cli.report.picture import TOTALS, picture_report

if TYPE_CHECKING:
    from conv2d_cli.cli.draw_output import Target
    from conv2d_cli.cli.draw_request import Request
    from conv2d_cli.report.draw import DrawReport


def show(request: Request) -> int:
    """Draw a layer to a file or in the terminal; its facts go to stdout where they are asked for.

    Raises:
        UsageError, LayerError, ShapeError: what is asked for is no layer, no input for it, or no element of its output.
        FileError: the file cannot be written.
        MissingExtraError: its format needs a package that is not installed.
    """
    options = request.options
    output = output_of(request.output, ("schema_version", *TOTALS))
    at = typed_place(options.at)
    if options.animate:
        _check_animation(request)
    layer = layer_of(request)
    size = size_of(request, layer)
    # What is typed is judged before any file is looked at, and a file after the one that is written.
    report = report_of(request.words, layer, size, at) if is_size(size) else None
    target = target_of(options, output, *((ANIMATED, "animation") if options.animate else (KINDS,)))
    report = report or report_of(request.words, layer, size, at)
    if target is not None:
        _write(target, request.picture, report, animated=options.animate)
    if target is None or output.asked_for:
        facts = picture_report(report, request.picture, as_torch_prints(report.shape))
        show_facts(report if request.picture == PLANE else volume_report(report.shape), facts, output)
    return 0


def _check_animation(request: Request) -> None:
    if request.picture not in MOVING:
        raise UsageError(f"--animate: the picture of --{request.picture} does not move", "leave --animate out")
    if request.options.at is not None:
        raise UsageError("--animate draws every element, and --at one", "leave --at out")
    if request.options.file is None:
        raise UsageError("--animate: a terminal shows one window", f"--animate -o picture.{ANIMATED[0]}")


def _write(target: Target, picture: str, report: DrawReport, *, animated: bool) -> None:
    if not animated:
        window = f"window of output row {report.at[0]}, column {report.at[1]}"
        says = f"the {window if picture == PLANE else picture}"
        target.write(content(target.kind, drawing_of(picture, report), target.theme), says)
        return
    drawing = animation_of(picture, report)
    shown = len(drawing.frames)
    every = report.rows.outputs * report.columns.outputs
    if shown < every:
        target.output.note(f"{shown} of {every} windows: those at both ends of rows and columns, without the others")
    target.write(content(target.kind, drawing, target.theme), f"{shown} window{'s' if shown > 1 else ''}")
