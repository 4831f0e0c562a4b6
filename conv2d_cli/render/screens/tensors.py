"""`conv2d info FILE` of several tensors: the file, then a row for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.render.blocks import BLANK, DIM, HEADING, MAIN, UNIT, WARNING, Column, Grid, Paragraph, Span
from conv2d_cli.render.escaping import printable
from conv2d_cli.render.screens.shared import word
from conv2d_cli.render.units import bytes_unit, short_bytes, thousands

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conv2d_cli.render.blocks import Block
    from conv2d_cli.render.screens.view import View
    from conv2d_cli.report.info import TensorReport


def blocks(reports: Sequence[TensorReport], _view: View) -> Iterator[Block]:
    """Return a table whose first column, the names, is never left out."""
    first, total = reports[0], sum(report.bytes or 0 for report in reports)
    files = {report.file for report in reports}
    if len(files) == 1:
        yield Paragraph(printable(first.file), HEADING)
        yield Paragraph(f"{first.format}, {thousands(len(reports))} tensors, {short_bytes(total)}", DIM)
        yield BLANK
    yield Grid(
        (
            *([] if len(files) == 1 else [Column("file", tuple(Span(printable(row.file)) for row in reports))]),
            Column("name", tuple(Span(printable(row.name or "-")) for row in reports)),
            Column("shape", tuple(Span(word(row.shape) or "()", MAIN) for row in reports)),
            Column("dtype", tuple(Span(word(row.dtype)) for row in reports)),
            Column("elements", tuple(Span(word(row.elements)) for row in reports), to_the_right=True, rank=2),
            Column("bytes", tuple(Span(word(row.bytes)) for row in reports), to_the_right=True, rank=1),
            Column("", tuple(Span(_unit(row.bytes), UNIT) for row in reports), to_the_right=True, rank=3),
        )
    )
    unreadable = [row for row in reports if row.unreadable is not None]
    if unreadable:
        yield BLANK
        # A reason is a sentence, for which a table has no room.
        for row in unreadable:
            yield Paragraph(printable(f"{row.name or '-'} cannot be read: {row.unreadable}"), WARNING)


def _unit(count: int | None) -> str:
    return "" if count is None else bytes_unit(count)
