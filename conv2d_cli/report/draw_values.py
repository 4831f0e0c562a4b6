"""What a picture with numbers shows: one output element of a layer on an input, and each of its products."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.showing import shows_itself

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.report.draw import DrawReport
    from conv2d_cli.report.trace import TermRow, TraceReport

# Numbers of a wider or higher kernel are read in a table, not in a picture.
MOST_TAPS = 11


class ChannelRow(NamedTuple):
    """An input channel of an output element: its terms by kernel row and kernel column."""

    channel: int
    terms: tuple[tuple[TermRow, ...], ...]


@shows_itself
class DrawValuesReport(NamedTuple):
    """A layer on its input with the window of `draw.at`, and that output element as `trace` has it."""

    draw: DrawReport
    trace: TraceReport

    @property
    def channels(self) -> Iterator[ChannelRow]:
        """Return the input channels that the element is made of, in their order."""
        rows, columns = self.draw.rows.kernel, self.draw.columns.kernel
        for start in range(0, len(self.trace.terms), rows * columns):
            terms = self.trace.terms[start : start + rows * columns]
            lines = (terms[place : place + columns] for place in range(0, len(terms), columns))
            yield ChannelRow(terms[0].channel, tuple(lines))
