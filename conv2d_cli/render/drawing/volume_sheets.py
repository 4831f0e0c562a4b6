"""Slices of a volume in a slanted view: upright sheets in a row, which recede to the right."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.render.drawing.model import Labelled, Line, Polygon, Rectangle, Text, text_width
from conv2d_cli.render.drawing.volume_slots import Break, Slice

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conv2d_cli.render.drawing.model import Shape
    from conv2d_cli.render.drawing.palette import Role
    from conv2d_cli.render.drawing.volume_slots import Slot

# A width goes this far to the right and up.
_ACROSS, _UP = 0.48, 0.24
# Sides grow with a root of sizes: 7 and 224 can be told apart, and both be drawn.
_OF_ONE, _ROOT, _LEAST = 34, 0.29, 12
_SMALL, _GAP, _GAP_OF_GROUPS, _CLOSEST = 11, 7, 14, 22
_BELOW = 15
_DOT, _DOTS_APART, _DOTS = 3, 8, 3
_MOST_GRID = 7


class Part(NamedTuple):
    """A part of a sheet, in shares of its width and height."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def middle(self) -> tuple[float, float]:
        """Return its centre."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


WHOLE = Part(0, 0, 1, 1)


class Sheet(NamedTuple):
    """What a plane of a size looks like; its left edge stands at the place that methods take, from the top down."""

    across: float
    up: float
    height: float

    def scaled(self, scale: float) -> Sheet:
        """Return the sheet at another size."""
        return Sheet(*(scale * side for side in self))

    def point(self, x: float, y: float, place: tuple[float, float]) -> tuple[float, float]:
        """Return where a place of the sheet lies, given in shares of its width and height."""
        return x + place[0] * self.across, y - place[0] * self.up + place[1] * self.height

    def outline(self, x: float, y: float, part: Part = WHOLE) -> tuple[tuple[float, float], ...]:
        """Return the corners of a part."""
        left, top, right, bottom = part
        corners = ((left, top), (right, top), (right, bottom), (left, bottom))
        return tuple(self.point(x, y, corner) for corner in corners)

    def grid(self, x: float, y: float, rows: int, columns: int) -> Iterator[Line]:
        """Yield the lines between elements, where these are few."""
        if max(rows, columns) > _MOST_GRID:
            return
        across = [(number / columns, 0, number / columns, 1) for number in range(1, columns)]
        down = [(0, number / rows, 1, number / rows) for number in range(1, rows)]
        for *start, left, top in (*across, *down):
            (x1, y1), (x2, y2) = self.point(x, y, (start[0], start[1])), self.point(x, y, (left, top))
            yield Line(x1, y1, x2, y2, "rule", 0.6)


def sheet_of(shape: Sequence[int], largest: float) -> Sheet:
    """Return the sheet of a plane of a shape (..., H, W), no side of it longer than `largest` pixels."""
    height, width = (_OF_ONE * min(size, 10**30) ** _ROOT for size in shape[-2:])
    scale = min(1, largest / max(height, width))
    height, width = (max(_LEAST, side * scale) for side in (height, width))
    return Sheet(width * _ACROSS, width * _UP, height)


class Stack(NamedTuple):
    """Sheets beside one another: what stands in each slot, at which x from the left edge of the stack."""

    sheet: Sheet
    slots: tuple[tuple[Slot, float], ...]
    width: float

    @property
    def slices(self) -> list[tuple[Slice, float]]:
        """Return the slices alone."""
        return [(slot, x) for slot, x in self.slots if isinstance(slot, Slice)]


def stack_of(slots: Sequence[Slot], sheet: Sheet, room: float, *, numbered: bool) -> Stack:
    """Return slots beside one another in a room, closer than sheets are wide where they are many.

    Numbers of channels below them need their own room, whatever that is.
    """
    step = max(_CLOSEST, min(sheet.across + _GAP, (room - sheet.across) / max(1, len(slots))))
    placed, x = [], 0.0
    for slot, following in zip_longest(slots, slots[1:]):
        placed.append((slot, x))
        x += max(_own_step(slot, following, sheet, step), text_width(number_of(slot), _SMALL) + _GAP if numbered else 0)
    last_slot, last = placed[-1]
    end = last + text_width(number_of(last_slot), _SMALL) if numbered else 0
    return Stack(sheet, tuple(placed), max(last + sheet.across, end))


def _own_step(slot: Slot, following: Slot | None, sheet: Sheet, step: float) -> float:
    """Return how far behind a slot the next one stands: closer than sheets are wide only within a group."""
    if isinstance(slot, Break):
        return _DOTS_APART * _DOTS + _GAP
    if isinstance(following, Slice):
        return step if following.group == slot.group else sheet.across + _GAP_OF_GROUPS
    return sheet.across + _GAP


def number_of(slot: Slot) -> str:
    """Return what stands below a slot."""
    if isinstance(slot, Slice):
        return f"{slot.channel:,}"
    return f"… {slot.left_out:,}" if slot.what == "channels" else f"… {slot.left_out:,} groups"


def numbers(stack: Stack, x: float, y: float) -> Iterator[Text]:
    """Yield the numbers of channels below a stack."""
    for slot, offset in stack.slots:
        fill: Role = "ink" if isinstance(slot, Slice) else "soft"
        yield Text(x + offset, y + stack.sheet.height + _BELOW, number_of(slot), _SMALL, fill=fill)


def dots(stack: Stack, x: float, y: float) -> Iterator[Shape]:
    """Yield the marks of what is not drawn."""
    middle = y + stack.sheet.height / 2 - stack.sheet.up / 2
    for slot, offset in stack.slots:
        if isinstance(slot, Break):
            for number in range(_DOTS):
                yield Rectangle(x + offset + number * _DOTS_APART, middle, _DOT, _DOT, "soft")


def sheet(
    stack: Stack, at: tuple[float, float], fill: Role, label: str, more: Sequence[Shape] = (), *, seen: bool = False
) -> Labelled:
    """Return a slice with what is drawn on it; `seen` are those that the output channel is made of."""
    outline = Polygon(stack.sheet.outline(*at), fill, "window" if seen else "rule", 1.8 if seen else 1)
    return Labelled(label, (outline, *more))
