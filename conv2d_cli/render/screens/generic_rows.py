"""Several reports or records of the same keys: a column for each key, or one by one where there is no room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conv2d_cli.render.blocks import Column, Grid, Span
from conv2d_cli.render.screens.shared import word
from conv2d_cli.render.values import mapping_of, without_version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import NamedTuple

    from conv2d_cli.render.blocks import Block
    from conv2d_cli.render.screens.view import View


def blocks(reports: Sequence[NamedTuple | Mapping[str, Any]], _view: View) -> Iterator[Block]:
    """Return a table of all keys: which of them matter is not known here."""
    rows = [without_version(mapping_of(report)) for report in reports]
    yield Grid(tuple(_column(key, [row[key] for row in rows]) for key in rows[0]))


def _column(key: str, values: Sequence[object]) -> Column:
    numbers = all(value is None or (isinstance(value, int | float) and not isinstance(value, bool)) for value in values)
    return Column(key, tuple(Span(word(value)) for value in values), to_the_right=numbers)
