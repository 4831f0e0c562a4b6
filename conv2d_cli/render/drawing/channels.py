"""Which input channels each output channel sees: a line for each group, with a break where there are many."""

from __future__ import annotations

from conv2d_cli.render.blocks import DIM, KEY, RESULT, Span

_MOST_GROUPS, _FIRST_GROUPS = 6, 3
_BREAK = "…"


def connections(in_channels: int, out_channels: int, groups: int, arrow: str = "──▶") -> list[tuple[Span, ...]]:
    """Return the lines of the drawing.

    >>> for line in connections(4, 8, 2):
    ...     print("".join(span.text for span in line))
    in 0..1  ──▶  out 0..3
    in 2..3  ──▶  out 4..7
    """
    cut = groups > _MOST_GROUPS
    shown = (*range(_FIRST_GROUPS), groups - 1) if cut else tuple(range(groups))
    ends = [(_range(group, in_channels // groups), _range(group, out_channels // groups)) for group in shown]
    width = max(len(read) for read, _ in ends)
    lines: list[tuple[Span, ...]] = [
        (Span("in "), Span(f"{read:<{width}}", KEY), Span(f"  {arrow}  ", DIM), Span("out "), Span(made, RESULT))
        for read, made in ends
    ]
    return [*lines[:-1], (Span(_BREAK, DIM),), lines[-1]] if cut else lines


def _range(group: int, count: int) -> str:
    first = group * count
    return str(first) if count == 1 else f"{first}..{first + count - 1}"
