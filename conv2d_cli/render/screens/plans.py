"""`conv2d run --plan` on many files: a row for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conv2d_cli.render.blocks import MAIN, UNIT, Column, Grid, Span
from conv2d_cli.render.screens.shared import word
from conv2d_cli.render.units import bytes_unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from conv2d_cli.render.blocks import Block
    from conv2d_cli.render.screens.view import View

# The file is never left out, nor what most plans are asked for; the others go from the last on.
_NUMBERS = frozenset({"threads", "macs", "scratch_bytes", "fallback_bytes", "peak_bytes"})
_RANKS = {
    "file": 0,
    "input_shape": 3,
    "output_shape": 1,
    "algorithm": 2,
    "accuracy": 7,
    "threads": 6,
    "macs": 5,
    "scratch_bytes": 4,
    "fallback_bytes": 9,
    "peak_bytes": 0,
}


def blocks(reports: Sequence[Mapping[str, Any]], _view: View) -> Iterator[Block]:
    """Return a table of what differs from file to file."""
    columns = [
        Column(
            key,
            tuple(Span(word(report[key]), MAIN if key == "peak_bytes" else "") for report in reports),
            to_the_right=key in _NUMBERS,
            rank=rank,
        )
        for key, rank in _RANKS.items()
    ]
    unit = tuple(Span(bytes_unit(report["peak_bytes"]), UNIT) for report in reports)
    yield Grid((*columns, Column("", unit, to_the_right=True, rank=8)))
