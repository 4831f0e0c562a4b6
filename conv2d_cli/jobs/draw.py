"""`conv2d draw --values`: one output element of what a run on a file would write, as a picture shows it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.jobs.trace.file import trace_file
from conv2d_cli.report.analysis import analyze
from conv2d_cli.report.draw import draw_report
from conv2d_cli.report.draw_values import DrawValuesReport
from conv2d_cli.report.picture import telling_place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.jobs.run.request import Request
    from conv2d_cli.layer.model import Conv2d

_OF_A_PLANE = 2


class Values(NamedTuple):
    """What is drawn, the layer, whether parameters were drawn at random, and what to tell."""

    report: DrawValuesReport
    layer: Conv2d
    is_drawn: bool
    remarks: list[str]


def values_of_file(request: Request, at: Sequence[int] | None, available: int | None) -> Values:
    """Return one output element with its terms, and the layer on the input.

    Args:
        request: what a run would be asked for.
        at: the element: h, w of the first image and channel; with c and n in front; None for a telling one.
        available: the memory there is, in bytes.

    Raises:
        UsageError: the request contradicts itself, or the output has no such element.
        FileError: a file cannot be read.
        DataError: a file's contents are bad or do not fit the layer.
        MemoryLimitError: the element has more terms than are shown, or the parameters more bytes than there are.
    """
    traced = trace_file(request, partial(_index, at), available)
    shape = analyze(traced.layer, traced.input_shape)._replace(dtype=traced.report.dtype)
    row, column = traced.report.index[-_OF_A_PLANE:]
    report = DrawValuesReport(draw_report(shape, at=(row, column)), traced.report)
    return Values(report, traced.layer, traced.is_drawn, traced.remarks)


def _index(at: Sequence[int] | None, layer: Conv2d, input_shape: Sequence[int]) -> tuple[int, ...]:
    """Return the whole index of an element, of the first image and channel where these are not given."""
    if at is not None and len(at) != _OF_A_PLANE:
        return tuple(at)
    shape = analyze(layer, tuple(input_shape))
    outputs = shape.output_shape or ()
    place = (0, 0) if 0 in outputs else telling_place(draw_report(shape, at=(0, 0)))
    return (*(0,) * (len(outputs) - _OF_A_PLANE), *(place if at is None else at))
