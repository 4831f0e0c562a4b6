"""`conv2d draw --values`: one output element of what a run on a file would write, as a picture shows it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.jobs.trace.file import trace_file
from conv2d_cli.report.analysis import analyze
from conv2d_cli.report.draw import draw_report
from conv2d_cli.report.draw_values import DrawValuesReport

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conv2d_cli.jobs.run.request import Request
    from conv2d_cli.layer.model import Conv2d
    from conv2d_cli.report.draw import DrawReport

_OF_A_PLANE = 2


class Values(NamedTuple):
    """What is drawn, the layer, whether parameters were drawn at random, and what to tell."""

    report: DrawValuesReport
    layer: Conv2d
    is_drawn: bool
    remarks: list[str]


def values_of_file(request: Request, place: Callable[[DrawReport], Sequence[int]], available: int | None) -> Values:
    """Return one output element with its terms, and the layer on the input.

    Args:
        request: what a run would be asked for.
        place: chooses the element of a layer on an input: h, w of the first image and channel, or with c and n in
            front.
        available: the memory there is, in bytes.

    Raises:
        UsageError: the request contradicts itself, or the output has no such element.
        FileError: a file cannot be read.
        DataError: a file's contents are bad or do not fit the layer.
        MemoryLimitError: the element has more terms than are shown, or the parameters more bytes than there are.
    """
    traced = trace_file(request, partial(_index, place), available)
    shape = analyze(traced.layer, traced.input_shape)._replace(dtype=traced.report.dtype)
    row, column = traced.report.index[-_OF_A_PLANE:]
    report = DrawValuesReport(draw_report(shape, at=(row, column)), traced.report)
    return Values(report, traced.layer, traced.is_drawn, traced.remarks)


def _index(place: Callable[[DrawReport], Sequence[int]], layer: Conv2d, input_shape: Sequence[int]) -> tuple[int, ...]:
    """Return the whole index of an element, of the first image and channel where these are not given."""
    report = draw_report(analyze(layer, tuple(input_shape)), at=(0, 0))
    found = tuple(place(report))
    batch_and_channel = len(report.shape.output_shape or ()) - _OF_A_PLANE
    return found if len(found) != _OF_A_PLANE else (*(0,) * batch_and_channel, *found)
