"""How much faster than the fastest peer, in words and in colour."""

# ruff: noqa: RUF001, RUF002 - the signs of arithmetic are meant

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.render.blocks import DIM, UNIT, WORSE, Span
from conv2d_cli.render.units import three_digits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.report.bench import BenchRow

OURS = "conv2d"
# Two decimals would not tell much.
_SMALL = 0.1


def ratio_span(row: BenchRow, rows: Sequence[BenchRow]) -> Span:
    """Return `1.34 × faster`, `0.76 ×`, or that this is the fastest of the others on the same number of threads."""
    if row.engine == OURS:
        return Span("") if row.ratio is None else ratio_words(row.ratio)
    peers = [other.median_ms for other in rows if other.engine != OURS and other.threads == row.threads]
    known = [milliseconds for milliseconds in peers if milliseconds is not None]
    return Span("fastest" if known and row.median_ms == min(known) else "", DIM)


def ratio_words(ratio: float) -> Span:
    """Return a ratio of times: above 1 is faster."""
    text = f"{ratio:,.2f} ×" if ratio >= _SMALL else f"{three_digits(ratio)} ×"
    return Span(f"{text} faster", UNIT) if ratio >= 1 else Span(text, WORSE)
