"""`conv2d bench`: the engines on one layer, beside one another."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from conv2d_cli.dtypes import DEFAULT_DTYPE
from conv2d_cli.render.blocks import BLANK, DIM, HEADING, MAIN, Column, Grid, Line, Lines, Paragraph, Span, width_of
from conv2d_cli.render.escaping import printable
from conv2d_cli.render.layer_text import times
from conv2d_cli.render.screens.bench_ratio import OURS, ratio_span
from conv2d_cli.render.units import thousands, three_digits
from conv2d_cli.report.bench import name_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from conv2d_cli.render.blocks import Block
    from conv2d_cli.render.screens.view import View
    from conv2d_cli.report.bench import BenchRow

_NONE, _NOTHING = "-", Span("")


def blocks(reports: Sequence[BenchRow], view: View) -> Iterator[Block]:
    """Return the layer, a row for each engine, and what hindered some of them."""
    yield from _heading(reports, view.width)
    yield BLANK
    yield Grid(tuple(_columns(reports)))
    notes = [report for report in reports if report.note]
    if notes:
        yield BLANK
    for report in notes:
        yield Paragraph(f"{_engine(report)}, {_threads(report.threads)}: {printable(report.note or '')}", DIM)


def _heading(reports: Sequence[BenchRow], width: int) -> Iterator[Block]:
    first = reports[0]
    rounds = max(report.rounds for report in reports)
    threads = {report.threads for report in reports}
    words = [times(first.input_shape), f"{thousands(first.macs)} macs"]
    words += [f"{rounds} rounds"] if rounds else []
    words += ["weights prepared"] if first.prepared else []
    words += [_threads(first.threads)] if len(threads) == 1 else []
    words += [first.layer_class, *([first.dtype] if first.dtype != DEFAULT_DTYPE else [])]
    name, rest = Span(printable(first.layer), HEADING), ", ".join(words)
    line: Line = (name, Span(f"  {rest}", DIM))
    if width_of(line) <= width:
        yield Lines((line,))
    else:
        yield Paragraph(name.text, HEADING)
        yield Paragraph(f"  {rest}", DIM)


def _with_threads(reports: Sequence[BenchRow]) -> list[BenchRow | str]:
    """Return the rows, with a line of its own before each number of threads, where there are several."""
    if len({report.threads for report in reports}) == 1:
        return [*reports]
    rows: list[BenchRow | str] = []
    for threads, together in groupby(reports, lambda report: report.threads):
        rows += [_threads(threads), *together]
    return rows


def _columns(reports: Sequence[BenchRow]) -> Iterator[Column]:
    rows = _with_threads(reports)
    engines = (Span(row, DIM) if isinstance(row, str) else Span(_engine(row), _style(row)) for row in rows)
    yield Column("engine", tuple(engines))
    for title, rank, figure in _FIGURES:
        texts = [_NOTHING if isinstance(row, str) else Span(figure(row), _style_of(title, row)) for row in rows]
        known = any(span.text for span in texts)
        spans = (
            Span(_NONE) if known and not span.text and not isinstance(row, str) else span
            for span, row in zip(texts, rows, strict=True)
        )
        yield Column(title, tuple(spans), to_the_right=True, rank=rank)
    ratios = (_NOTHING if isinstance(row, str) else ratio_span(row, reports) for row in rows)
    yield Column("vs fastest peer", tuple(ratios), rank=1)
    algorithms = (_NOTHING if isinstance(row, str) else Span(row.algorithm or "") for row in rows)
    yield Column("algorithm", tuple(algorithms), rank=5)


def _digits(figure: float | None) -> str:
    return "" if figure is None else three_digits(figure, with_zeros=True)


def _rounded(figure: float | None, decimals: int, unit: str = "") -> str:
    return "" if figure is None else f"{figure:,.{decimals}f}{unit}"


def _style_of(title: str, report: BenchRow) -> str:
    return _style(report) if title == "ms" else ""


def _style(report: BenchRow) -> str:
    return MAIN if report.engine == OURS else ""


def _engine(report: BenchRow) -> str:
    return name_of(report, f"{report.engine} {report.engine_version or ''}".rstrip())


def _threads(number: int) -> str:
    return f"{number} thread{'' if number == 1 else 's'}"


# A title, what goes first where it is narrow, and the figure of a row.
_FIGURES: tuple[tuple[str, int, Callable[[BenchRow], str]], ...] = (
    ("ms", 0, lambda row: _digits(row.median_ms)),
    ("± %", 3, lambda row: _rounded(row.spread_percent, 1)),
    ("GFLOP/s", 2, lambda row: _digits(row.gflops)),
    ("of peak", 4, lambda row: _rounded(row.percent_of_peak, 0, " %")),
    ("error", 6, lambda row: _digits(row.error_units)),
)
