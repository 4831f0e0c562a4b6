"""Several layers: one a line, with what they make and take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.render.blocks import Column, Grid, Span
from conv2d_cli.render.layer_text import as_words
from conv2d_cli.render.screens.shared import word
from conv2d_cli.report.record import record_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conv2d_cli.render.blocks import Block
    from conv2d_cli.render.screens.view import View
    from conv2d_cli.report.shape import ShapeReport

_LAYER = "layer"
# In their order on the screen, with what goes first where it is narrow.
_RANKS = {_LAYER: 0, "input_shape": 1, "output_shape": 2, "parameters": 3, "macs": 4, "output_bytes": 5}
_NUMBERS = frozenset({"parameters", "macs", "output_bytes"})


def blocks(reports: Sequence[ShapeReport], _view: View) -> Iterator[Block]:
    """Return a table of the layers; without a SIZE nothing is known of their inputs."""
    rows = [{**report._asdict(), _LAYER: as_words(record_of(report))} for report in reports]
    shown = [key for key in _RANKS if any(row[key] is not None for row in rows)]
    yield Grid(
        tuple(Column(key, tuple(Span(word(row[key])) for row in rows), key in _NUMBERS, _RANKS[key]) for key in shown),
        names_above=True,
    )
