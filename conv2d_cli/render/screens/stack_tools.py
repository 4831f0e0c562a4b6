"""What other counters print for the network, and of those that have no figure why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.render.blocks import BLANK, Figure, Figures, Paragraph, Section
from conv2d_cli.render.escaping import printable
from conv2d_cli.render.units import short_count, thousands

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conv2d_cli.render.blocks import Block
    from conv2d_cli.report.stack import ToolCount


def blocks(tools: Sequence[ToolCount]) -> Iterator[Block]:
    """Return a line for each counter that has a figure, and a sentence for each reason that others have none."""
    figures = tuple(
        Figure(one.tool, thousands(one.value), short_count(one.value), f'"{one.name}": {one.formula}')
        for one in tools
        if one.value is not None
    )
    reasons: dict[str, list[str]] = {}
    for one in tools:
        if one.reason is not None:
            reasons.setdefault(one.reason, []).append(one.tool)
    if not tools:
        return
    yield BLANK
    yield Figures((Section("Other counters", figures),))
    for reason, names in reasons.items():
        who = "none has a figure" if len(names) == len(tools) else f"{', '.join(names)}: no figure"
        yield Paragraph(f"  {who}: {printable(reason)}")
