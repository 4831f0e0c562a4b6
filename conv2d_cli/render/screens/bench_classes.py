"""`conv2d bench --suite`: the means of the classes of layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.render.blocks import HEADING, Column, Grid, Paragraph, Span
from conv2d_cli.render.screens.bench_ratio import ratio_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conv2d_cli.render.blocks import Block
    from conv2d_cli.render.screens.view import View
    from conv2d_cli.report.bench import BenchClass


def blocks(reports: Sequence[BenchClass], _view: View) -> Iterator[Block]:
    """Return a row for each class."""
    yield Paragraph("Geometric means", HEADING)
    yield Grid(
        (
            Column("class", tuple(Span(row.layer_class) for row in reports)),
            Column("threads", tuple(Span(str(row.threads)) for row in reports), to_the_right=True, rank=1),
            Column("accuracy", tuple(Span(row.accuracy) for row in reports)),
            Column("layers", tuple(Span(str(row.layers)) for row in reports), to_the_right=True, rank=2),
            Column("vs fastest peer", tuple(ratio_words(row.ratio) for row in reports)),
        )
    )
