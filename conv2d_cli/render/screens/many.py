"""`conv2d run` on many files: what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.render.blocks import MAIN, WARNING, Figure, Figures, Section
from conv2d_cli.render.screens.shared import remarks, top
from conv2d_cli.render.units import rate, thousands, three_digits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.render.blocks import Block
    from conv2d_cli.render.screens.view import View
    from conv2d_cli.report.run import ManyReport

_BILLION = 1e9


def blocks(report: ManyReport, view: View) -> Iterator[Block]:
    """Return the counts, and the time of all of it."""
    yield from top(view.shape, view.width)
    speed = "" if report.gflops is None else rate(report.gflops * _BILLION, "FLOP/s")
    figures = [
        Figure("files", thousands(report.files)),
        Figure("written", thousands(report.written), style=MAIN),
        Figure("skipped", thousands(report.skipped), formula="were there already" if report.skipped else ""),
        Figure("failed", thousands(report.failed), style=WARNING if report.failed else ""),
        Figure("seconds", three_digits(report.seconds), speed, "in the convolutions alone" if speed else ""),
    ]
    if view.verbose:
        figures.append(Figure("gflops", "-" if report.gflops is None else three_digits(report.gflops), "GFLOP/s"))
    yield Figures((Section("", tuple(figures)),))
    yield from remarks(view.remarks)
