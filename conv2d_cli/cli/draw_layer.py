"""`conv2d draw` of one layer on its input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.cli.draw_output import show_facts, target_of
from conv2d_cli.cli.draw_place import placed, typed_place
from conv2d_cli.cli.output import output_of
from conv2d_cli.cli.shape_one import analyzed
from conv2d_cli.errors import UsageError
from conv2d_cli.render.pictures.registry import ANIMATED, KINDS
from conv2d_cli.report.draw import draw_report
from conv2d_cli.report.picture import TOTALS, picture_report

if TYPE_CHECKING:
    from conv2d_cli.cli.draw_output import Target
    from conv2d_cli.cli.draw_request import Request
    from conv2d_cli.layer.model import Conv2d
    from conv2d_cli.report.draw import DrawReport

# A picture of fewer elements shows little.
_LEAST_SIDE = 8


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
    if options.animate and options.at is not None:
        raise UsageError("--animate draws every element, and --at one", "leave --at out")
    layer = request.words.layer()
    target = target_of(options, output, ANIMATED if options.animate else KINDS)
    if options.animate and target is None:
        raise UsageError("--animate: a terminal shows one window", f"--animate -o picture.{ANIMATED[0]}")
    report = _report(request, layer, at)
    if target is not None:
        _write(target, request.picture, report, animated=options.animate)
    if target is None or output.asked_for:
        show_facts(report, picture_report(report, request.picture, str(layer)), output)
    return 0


def _report(request: Request, layer: Conv2d, at: tuple[int, int] | None) -> DrawReport:
    words, size = request.words, request.input_size
    if size is None:
        side = _side_that_fits(layer)
        raise UsageError(
            "-i is missing: a picture shows a layer on an input", words.typed.line({}, "-i", f"{side[0]}x{side[1]}")
        )
    shape = analyzed(layer, size, None, words)
    return placed(draw_report(shape, at=(0, 0)), at)


def _side_that_fits(layer: Conv2d) -> tuple[int, int]:
    """Return height and width of an input that every padding mode takes."""
    from conv2d_cli.report.analysis import analyze

    shape = analyze(layer)
    rows, columns = (shape.padding_top, shape.padding_bottom), (shape.padding_left, shape.padding_right)
    height, width = (
        max(_LEAST_SIDE, effective, *((side or 0) + 1 for side in sides))
        for effective, sides in zip(shape.effective_kernel_size, (rows, columns), strict=True)
    )
    return height, width


def _write(target: Target, picture: str, report: DrawReport, *, animated: bool) -> None:
    from conv2d_cli.render.drawing.registry import animation_of, drawing_of
    from conv2d_cli.render.pictures.registry import content

    drawing = animation_of(picture, report) if animated else drawing_of(picture, report)
    left_out = report.rows.outputs * report.columns.outputs - len(drawing.frames)
    if animated and left_out:
        target.output.note(f"{len(drawing.frames)} windows are shown, the first and the last; {left_out} are left out")
    place = f"--at {report.at[0]},{report.at[1]}"
    target.write(content(target.kind, drawing), f"{len(drawing.frames)} windows" if animated else place)
