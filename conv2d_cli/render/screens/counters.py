"""What counters print for a layer: a figure, what it counts, and below it who prints it under which name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.render.blocks import DIM, RESULT, Lines, Paragraph, Span, width_of
from conv2d_cli.render.explained import signs
from conv2d_cli.render.units import thousands

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conv2d_cli.render.blocks import Block
    from conv2d_cli.report.stack import ToolCount

_INDENT = 2


def blocks(tools: Sequence[ToolCount], width: int) -> Iterator[Block]:
    """Return the figures from the smallest on, then those that have none, and why."""
    figures: dict[tuple[int, str], list[str]] = {}
    reasons: dict[str, list[str]] = {}
    for one in tools:
        name = f'{one.tool} "{one.name}"'
        if one.value is None:
            reasons.setdefault(one.reason or "", []).append(name)
        else:
            figures.setdefault((one.value, one.formula), []).append(name)
    longest = max((len(thousands(value)) for value, _ in figures), default=0)
    for value, formula in sorted(figures):
        line = (
            Span(" " * _INDENT),
            Span(f"{thousands(value):>{longest}}", RESULT),
            Span(f"  {signs(formula)}", DIM),
        )
        if width_of(line) <= width:
            yield Lines((line,))
        else:
            yield Paragraph(f"  {thousands(value)}", RESULT)
            yield Paragraph(f"    {signs(formula)}", DIM, 2 * _INDENT)
        yield Paragraph(f"    {', '.join(figures[value, formula])}", indent=2 * _INDENT)
    for reason, names in reasons.items():
        who = "none has a figure" if len(names) == len(tools) else f"no figure of {', '.join(names)}"
        yield Paragraph(f"  {who}: {reason}", indent=2 * _INDENT)
