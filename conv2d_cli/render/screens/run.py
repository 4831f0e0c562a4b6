"""`conv2d run`: what came out, in the digits of its element type, and how long it took."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.render.blocks import WARNING, Fact, Facts, Figure, Figures, Section
from conv2d_cli.render.floats import number_text
from conv2d_cli.render.screens.shared import remarks, top, word
from conv2d_cli.render.units import rate, three_digits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.render.blocks import Block
    from conv2d_cli.render.screens.view import View
    from conv2d_cli.report.run import RunReport

_INDENT, _GAP = 2, 2
_GOES_ON = "…"
_BILLION = 1e9


def blocks(report: RunReport, view: View) -> Iterator[Block]:
    """Return the layer, the figures of its output and the first of its values."""
    yield from top(view.shape, view.width)
    yield Figures((Section("", tuple(_figures(report, view))),))
    if report.first_values:
        yield _first_values(report, view)
    yield from remarks(view.remarks)


def _figures(report: RunReport, view: View) -> Iterator[Figure]:
    if view.shape is None or view.verbose:
        yield Figure("output_shape", word(report.output_shape))
        yield Figure("dtype", report.dtype)
    for key, value in (("min", report.min), ("max", report.max), ("mean", report.mean)):
        yield Figure(key, number_text(value, report.dtype))
    yield from _accumulator(report)
    threads = f"{report.threads} thread{'' if report.threads == 1 else 's'}"
    speed = "" if report.gflops is None else rate(report.gflops * _BILLION, "FLOP/s")
    if not view.verbose:
        yield Figure("seconds", three_digits(report.seconds), speed, f"{report.algorithm or report.engine}, {threads}")
        return
    if report.algorithm is not None:
        yield Figure("algorithm", report.algorithm)
    yield Figure("engine", report.engine)
    yield Figure("threads", word(report.threads))
    yield Figure("seconds", three_digits(report.seconds))
    yield Figure("gflops", "-" if report.gflops is None else three_digits(report.gflops), "GFLOP/s")


def _accumulator(report: RunReport) -> Iterator[Figure]:
    """Return what an accumulator needed to hold; sums of products at worst, and those of this run."""
    if report.accumulator_bits_worst is None:
        return
    yield Figure("accumulator_bits_worst", word(report.accumulator_bits_worst), "bits", "by types and zero points")
    yield Figure("accumulator_bits", word(report.accumulator_bits), "bits", "by these sums")
    yield Figure("overflow", word(report.overflow), "", "", WARNING if report.overflow else "")


def _first_values(report: RunReport, view: View) -> Block:
    """Return as many values as fit on a line, all that are known with `-v`."""
    values = [number_text(value, report.dtype) for value in report.first_values]
    if not view.verbose:
        room = view.width - _INDENT - len("first_values") - _GAP - len(f" {_GOES_ON}")
        kept = [*values]
        while len(kept) > 1 and len(" ".join(kept)) > room:
            kept.pop()
        values = kept if len(kept) == len(values) == _elements(report) else [*kept, _GOES_ON]
    return Facts((Fact("first_values", (" ".join(values),)),), _INDENT)


def _elements(report: RunReport) -> int:
    count = 1
    for size in report.output_shape:
        count *= size
    return count
