"""The colours of drawings by what they stand for, on light and on dark pages.

A colour never says anything alone: padding is dashed, what is not read is hatched, windows have thick edges.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Role = Literal[
    "paper",
    "ink",
    "soft",
    "rule",
    "input",
    "zero",
    "repeated",
    "unused",
    "tap",
    "window",
    "output",
    "result",
    "group_0",
    "group_1",
    "group_2",
    "group_3",
    "group_4",
    "group_5",
]


class Color(NamedTuple):
    """A colour on a light page, and its counterpart on a dark one."""

    light: str
    dark: str


PALETTE: dict[Role, Color] = {
    "paper": Color("#ffffff", "#0d1117"),
    # Words, words of less weight, and edges of cells.
    "ink": Color("#1b1f24", "#e6edf3"),
    "soft": Color("#57606a", "#9ba5b0"),
    "rule": Color("#8c959f", "#6e7681"),
    # Elements of the input: real ones, zeros around or between them, what padding repeats, what no window reads.
    "input": Color("#cfe3f5", "#1c3d5a"),
    "zero": Color("#ffffff", "#0d1117"),
    "repeated": Color("#eaf2fa", "#16283a"),
    "unused": Color("#e4e7eb", "#262c36"),
    # Those that the window reads, and its edge.
    "tap": Color("#f7b267", "#8a5a1c"),
    "window": Color("#c2410c", "#fb923c"),
    # Elements of the output, and the one that the window makes.
    "output": Color("#d5edd9", "#1d3f2a"),
    "result": Color("#5cb270", "#2b7540"),
    # Groups of channels, told apart by the colour-blind too; the last stands for all others.
    "group_0": Color("#9ecae9", "#1f5f8b"),
    "group_1": Color("#f6c58f", "#8a5a1c"),
    "group_2": Color("#a6dbb4", "#2b7540"),
    "group_3": Color("#dcb8da", "#7b4a7a"),
    "group_4": Color("#e3d48a", "#6f6212"),
    "group_5": Color("#c9ced6", "#4a525e"),
}
GROUPS: tuple[Role, ...] = ("group_0", "group_1", "group_2", "group_3", "group_4", "group_5")
