"""`conv2d draw --values X.npy`: the picture of one output element with the numbers in its cells."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

from conv2d_cli.cli.draw_output import show_facts, target_of
from conv2d_cli.cli.draw_place import placed
from conv2d_cli.cli.integer_options import NO_INTEGER_WORDS
from conv2d_cli.cli.machine import machine
from conv2d_cli.cli.output import output_of, screen_of
from conv2d_cli.cli.run_request import how_drawn, request_of
from conv2d_cli.cli.typed import PROGRAM
from conv2d_cli.errors import UsageError, cut
from conv2d_cli.jobs.draw import values_of_file
from conv2d_cli.layer.text import integers_of
from conv2d_cli.render.formats import render
from conv2d_cli.render.pictures.registry import KINDS, content
from conv2d_cli.report.draw_values import MOST_TAPS
from conv2d_cli.report.picture import TOTALS, picture_report
from conv2d_cli.tensors.matching import is_many

if TYPE_CHECKING:
    from conv2d_cli.cli.draw_output import Target
    from conv2d_cli.cli.draw_request import Request
    from conv2d_cli.jobs.draw import Values
    from conv2d_cli.report.draw import DrawReport

# An element of a plane, of an image, of a batch.
_AXES = range(2, 5)
# Options of `draw` that `trace` has not.
_OF_PICTURES = ("--values", "-o", "--output", "-i", "--input", "-f", "--force", "--at", "--format", "--json", "--get")


def show(request: Request) -> int:
    """Draw an output element with its numbers to a file or in the terminal.

    Raises:
        UsageError, LayerError: what is asked for is no layer, or no element, or too large for numbers.
        FileError, DataError: a file cannot be read or written, or does not fit the layer.
        MemoryLimitError: there are more terms than are shown.
        MissingExtraError: the format of the file needs a package that is not installed.
    """
    options = request.options
    file = options.values or ""
    output = output_of(request.output, ("schema_version", *TOTALS))
    at = _place(options.at)
    _check(request, file)
    job = request_of(file, request.words, request.run, request.readings, NO_INTEGER_WORDS, output)
    target = target_of(options, output, KINDS)
    with request.words.own_words():
        values = values_of_file(job, lambda report: _chosen(report, at), machine().available)
    _check_size(values, request, file)
    notes = [*([how_drawn(job)] if values.is_drawn else []), *values.remarks]
    if not output.is_table or target is not None:
        for note in notes:
            output.note(note)
    if target is not None:
        _write(target, values)
    if output.is_table and target is None:
        screen = screen_of(sys.stdout, output.color, is_table=True)
        output.text(render("table", values.report, screen, verbose=output.verbose, remarks=notes))
    elif target is None or output.asked_for:
        show_facts(values.report.draw, picture_report(values.report.draw, "values", str(values.layer)), output)
    return 0


def _place(text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    found = integers_of(text)
    if not isinstance(found, tuple) or len(found) not in _AXES:
        raise UsageError(f"--at {cut(text)}: no place of the form H,W or N,C,H,W", "--at 0,0")
    return found


def _chosen(report: DrawReport, at: tuple[int, ...] | None) -> tuple[int, ...]:
    """Return the output element that was asked for, of a plane or of a batch; a telling one where none was."""
    if at is None:
        return placed(report, None).at
    return at if len(at) != len(report.at) else placed(report, (at[0], at[1])).at


def _check(request: Request, file: str) -> None:
    """Refuse what does not go with values, before a file is looked at."""
    typed = request.words.typed
    if not file:
        raise UsageError("--values: the name of a tensor file is missing", "--values x.npy")
    if is_many(file):
        raise UsageError(f"--values {cut(file)}: one element of one file is drawn", "give a file")
    if request.options.input_size not in {None, file}:
        raise UsageError(
            f"-i {cut(request.options.input_size or '')} and --values {cut(file)} are two inputs",
            typed.without("-i", "--input", "--input-size"),
        )
    if request.options.animate:
        raise UsageError("--animate draws every element, and --values one", typed.without("--animate"))


def _check_size(values: Values, request: Request, file: str) -> None:
    """Refuse a kernel whose numbers nobody would find in a picture.

    Raises:
        UsageError: it is too large; the hint is what lists its products.
    """
    rows, columns = values.report.draw.rows.kernel, values.report.draw.columns.kernel
    if max(rows, columns) <= MOST_TAPS:
        return
    _, _, line = request.words.typed.without(*_OF_PICTURES).partition(" draw")
    index = ",".join(map(str, values.report.trace.index))
    raise UsageError(
        f"a kernel of {rows}x{columns}: numbers are drawn of up to {MOST_TAPS}x{MOST_TAPS}",
        f"{PROGRAM} trace {shlex.quote(file)}{line} --at {index}",
    )


def _write(target: Target, values: Values) -> None:
    from conv2d_cli.render.drawing.values import drawing

    index = ",".join(map(str, values.report.trace.index))
    target.write(content(target.kind, drawing(values.report), target.theme), f"output element {index}")
