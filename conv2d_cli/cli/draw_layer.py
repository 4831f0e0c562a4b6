"""`conv2d draw` of one layer on its input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.cli.draw_output import show_facts, target_of
from conv2d_cli.cli.draw_place import placed, typed_place
from conv2d_cli.cli.draw_request import PLANE
from conv2d_cli.cli.draw_transposed import analyzed_transposed, is_transposed, transposed_layer, usual_sides
from conv2d_cli.cli.output import output_of
from conv2d_cli.cli.shape_one import analyzed
from conv2d_cli.errors import UsageError
from conv2d_cli.layer.text import is_size
from conv2d_cli.render.drawing.registry import MOVING, animation_of, drawing_of
from conv2d_cli.render.pictures.registry import ANIMATED, KINDS, content
from conv2d_cli.report.draw import draw_report
from conv2d_cli.report.draw_transposed import transposed_draw_report
from conv2d_cli.report.draw_volume import volume_report
from conv2d_cli.report.picture import TOTALS, picture_report

if TYPE_CHECKING:
    from conv2d_cli.cli.draw_output import Target
    from conv2d_cli.cli.draw_request import Request
    from conv2d_cli.cli.layer_words import LayerWords
    from conv2d_cli.layer.model import Conv2d
    from conv2d_cli.network.transposed_expression import TransposedLayer
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
    if options.animate:
        _check_animation(request)
    layer = _layer(request)
    size = _size(request, layer)
    # What is typed is judged before any file is looked at, and a file after the one that is written.
    report = _report(request.words, layer, size, at) if is_size(size) else None
    target = target_of(options, output, ANIMATED if options.animate else KINDS)
    report = report or _report(request.words, layer, size, at)
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


def _layer(request: Request) -> Conv2d:
    words = request.words
    if not words.given:
        size = () if request.input_size else ("-i", "224")
        line = words.typed.line({}, "3", "64", "3", *size)
        raise UsageError("LAYER is missing: three values, IN OUT KERNEL, or one expression", line)
    return transposed_layer(words) if is_transposed(words) else words.layer()


def _size(request: Request, layer: Conv2d | TransposedLayer) -> str:
    if request.input_size is not None:
        return request.input_size
    height, width = usual_sides(layer) if isinstance(layer, tuple) else _side_that_fits(layer)
    raise UsageError(
        "-i is missing: a picture shows a layer on an input",
        request.words.typed.line({}, "-i", str(height) if height == width else f"{height}x{width}"),
    )


def _report(words: LayerWords, layer: Conv2d | TransposedLayer, size: str, at: tuple[int, int] | None) -> DrawReport:
    # A model of the other kind is no tuple: none of theirs is loaded to tell.
    if isinstance(layer, tuple):
        return placed(transposed_draw_report(analyzed_transposed(words, layer, size), at=(0, 0)), at)
    return placed(draw_report(analyzed(layer, size, None, words), at=(0, 0)), at)


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
    if not animated:
        says = (
            f"the window of output row {report.at[0]}, column {report.at[1]}" if picture == PLANE else f"the {picture}"
        )
        target.write(content(target.kind, drawing_of(picture, report)), says)
        return
    drawing = animation_of(picture, report)
    shown = len(drawing.frames)
    every = report.rows.outputs * report.columns.outputs
    if shown < every:
        target.output.note(f"{shown} of {every} windows: those at both ends of rows and columns, without the others")
    target.write(content(target.kind, drawing), f"{shown} window{'s' if shown > 1 else ''}")
