"""`conv2d explain --reconcile`: the counters that print a figure, or none and what it may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.render.blocks import BLANK, DIM, HEADING, WARNING, Paragraph
from conv2d_cli.render.explained import no_figures, signs
from conv2d_cli.render.screens import counters
from conv2d_cli.render.screens.explain import heading
from conv2d_cli.render.units import thousands, three_digits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.render.blocks import Block
    from conv2d_cli.render.screens.view import View
    from conv2d_cli.report.explain import ReconcileReport


def blocks(report: ReconcileReport, view: View) -> Iterator[Block]:
    """Return the screen of a figure."""
    yield from heading(report, view)
    yield BLANK
    figure = _number(report.figure)
    if report.matches:
        yield Paragraph(f"{figure} is printed by", HEADING)
        yield from counters.blocks(report.matches, view.width)
    else:
        yield Paragraph(f"{figure} is printed by none", WARNING)
        if report.nearest is not None and report.difference is not None:
            yield BLANK
            side = "more" if report.difference > 0 else "less"
            yield Paragraph(f"{_number(abs(report.difference))} {side} than the nearest", HEADING)
            yield from counters.blocks([report.nearest], view.width)
    yield from (Paragraph(f"  {text}", DIM) for text in no_figures(report.tools))
    if report.relations:
        yield BLANK
        yield Paragraph("It is" if report.matches else "It may be", HEADING)
        yield from (Paragraph(f"  {signs(text)}", indent=4) for text in report.relations)
    elif report.nearest is not None:
        yield BLANK
        yield Paragraph("No figure of a layer that differs in one thing, and no small multiple, is this one.", DIM)


def _number(number: float) -> str:
    return thousands(number) if isinstance(number, int) else three_digits(number)
