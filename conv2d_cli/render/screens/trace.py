"""`conv2d trace`: an output element, and the terms that it is the sum of."""

from __future__ import annotations

from decimal import Context
from typing import TYPE_CHECKING, Any

from conv2d_cli.render.blocks import (
    BLANK,
    DIM,
    RESULT,
    WARNING,
    Column,
    Figure,
    Figures,
    Grid,
    Paragraph,
    Section,
    Span,
)
from conv2d_cli.render.floats import number_text
from conv2d_cli.render.screens.shared import longest, remarks, top
from conv2d_cli.render.units import thousands

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conv2d_cli.render.blocks import Block
    from conv2d_cli.render.screens.view import View
    from conv2d_cli.report.trace import TermRow, TraceReport

# Terms at either end of a table that leaves out the middle.
_AT_AN_END = 8
_LEFT_OUT = "…"
# Three digits more than a value of the type can need.
_EXACT_DIGITS = {"float32": 12, "complex64": 12, "float64": 20, "complex128": 20}
_ZEROS = "zeros"
# Smaller numbers are written with an exponent, as Python writes floats.
_LEAST_POINT = -4
_SCRIPTS = (
    "--json and --format csv have every term, and exact with all its digits",
    "--json, --format csv: every term, all digits",
    "--json: every term",
)


def blocks(report: TraceReport, view: View) -> Iterator[Block]:
    """Return the screen of an output element."""
    yield from top(view.shape, view.width)
    yield Figures((Section("", tuple(figures(report))),))
    yield BLANK
    mode = _ZEROS if view.shape is None else view.shape.padding_mode
    yield Grid(tuple(columns(report, mode, whole=view.verbose)))
    yield BLANK
    yield from (Paragraph(text, DIM) for text in _legend(report, view))
    yield from remarks(view.remarks)


def figures(report: TraceReport) -> Iterator[Figure]:
    """Return what an element comes to."""
    dtype, count = report.dtype, len(report.terms)
    terms = f"{thousands(count)} term{'' if count == 1 else 's'}"
    added = "" if report.bias is None else " and the bias"
    yield Figure("index", ",".join(map(str, report.index)))
    yield Figure("bias", number_text(report.bias, dtype))
    as_run = f"{terms}{added}, in {report.working_dtype}, in this order"
    yield Figure("result", number_text(report.result, dtype), "", as_run, RESULT)
    yield Figure("correctly_rounded", number_text(report.correctly_rounded, dtype), "", "the exact sum, rounded once")


def columns(report: TraceReport, mode: str, *, whole: bool) -> Iterator[Column]:
    """Return what is told of each term; of what does not fit the highest rank goes first."""
    terms = report.terms
    cut = not whole and len(terms) > 2 * _AT_AN_END + 1
    shown = (*terms[:_AT_AN_END], *terms[-_AT_AN_END:]) if cut else terms
    working = report.working_dtype
    told: tuple[tuple[str, int, Callable[[TermRow], str]], ...] = (
        ("channel", 0, lambda term: str(term.channel)),
        ("row", 0, lambda term: str(term.row)),
        ("column", 0, lambda term: str(term.column)),
        ("padded", 4, lambda term: mode if term.padded else ""),
        ("value", 1, lambda term: number_text(term.value, report.dtype)),
        ("weight", 2, lambda term: number_text(term.weight, report.dtype)),
        ("product", 5, lambda term: number_text(term.product, working)),
        ("running", 3, lambda term: number_text(term.running, working)),
        ("exact", 6, lambda term: _exact(term.exact, working)),
    )
    for title, rank, text in told:
        cells = [Span(text(term), _style(term)) for term in shown]
        if cut:
            # Where nothing is said of any term, there is nothing to leave out.
            cells.insert(_AT_AN_END, Span(_LEFT_OUT if any(cell.text for cell in cells) else "", DIM))
        yield Column(title, tuple(cells), to_the_right=title != "padded", rank=rank)


def _style(term: TermRow) -> str:
    return WARNING if term.padded else ""


def _exact(value: Any, dtype: str) -> str:  # noqa: ANN401 - an integer, digits, or a pair of these
    """Return an exact sum to a few digits more than its neighbour has."""
    if isinstance(value, int):
        return thousands(value)
    if isinstance(value, tuple):
        real, imaginary = (_exact(part, dtype) for part in value)
        return f"{real}{imaginary if imaginary.startswith('-') else f'+{imaginary}'}j"
    digits = _EXACT_DIGITS[dtype]
    rounded = Context(prec=digits).create_decimal(value)
    if rounded.is_finite() and not _LEAST_POINT <= rounded.adjusted() < digits:
        return f"{rounded.normalize():e}"
    text = f"{rounded:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _legend(report: TraceReport, view: View) -> Iterator[str]:
    if view.in_python:
        return
    left_out = len(report.terms) - 2 * _AT_AN_END
    if left_out > 1 and not view.verbose:
        yield f"{_LEFT_OUT} {thousands(left_out)} terms: --all shows them"
    yield longest(_SCRIPTS, view.width)
