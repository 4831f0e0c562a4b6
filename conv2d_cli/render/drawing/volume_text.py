"""The volumes of a layer in a terminal: for each group its input channels, its filters and its output channels."""

# ruff: noqa: RUF001 - the signs of arithmetic are meant

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.render.blocks import DIM, HEADING, KEY, RESULT, Span, width_of
from conv2d_cli.render.drawing.volume_slots import Break, Slice, slots_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conv2d_cli.render.blocks import Line
    from conv2d_cli.render.drawing.volume_slots import Slot
    from conv2d_cli.report.draw_volume import VolumeReport

# A sheet that recedes to the right, from its upper edge to its lower; its number stands below.
_SHEET = (" ╱│", "│ │", "│╱ ")
_BREAK = ("", " … ", "")
_MIDDLE, _GAP = 1, 2
_TITLES = ("input", "filters", "output")
# Slices of a group that are drawn, where there is room for them, and where there is little.
_MOST = (6, 4, 2)


class _Layout(NamedTuple):
    """Whether filters stand between the slices or above them, and the arrow."""

    filters_between: bool
    arrow: str


_LAYOUTS = (_Layout(filters_between=True, arrow="  ──▶  "), _Layout(filters_between=False, arrow=" ─▶ "))


def volume_lines(volume: VolumeReport, width: int) -> list[Line]:
    """Return the drawing, in as many columns as there are; no line where it has no room."""
    for layout in _LAYOUTS:
        for most in _MOST:
            lines = [*_lines(volume, most, layout)]
            if max(map(width_of, lines)) <= width:
                return lines
    return []


def _lines(volume: VolumeReport, most: int, layout: _Layout) -> Iterator[Line]:
    read, made = _by_group(slots_of(volume, "reads", most)), _by_group(slots_of(volume, "makes", most))
    left, right = (max(_width(slots) for group, slots in found.items() if group is not None) for found in (read, made))
    left = max(left, len(_TITLES[0]))
    words = {number: _filters(volume, number) for number in read if number is not None}
    middle = max((len(line) for lines in words.values() for line in lines), default=0) if layout.filters_between else 0
    between = " " * len(layout.arrow)
    yield _headings(left, middle, between)
    for number, slots in read.items():
        if number is None:
            yield (Span(f"{_number(slots[0])} groups", DIM),)
            continue
        if not layout.filters_between:
            yield (Span(_above(words[number]), DIM),)
        rows = zip(_pictured(slots, left, KEY), words[number], _pictured(made[number], right, RESULT), strict=True)
        for place, (before, said, after) in enumerate(rows):
            arrow = Span(layout.arrow if place == _MIDDLE else between, DIM)
            yield (*before, arrow, *((Span(said.ljust(middle)), arrow) if middle else ()), *after)


def _headings(left: int, middle: int, between: str) -> Line:
    """Return the line above the drawing; the filters have a column where its width, `middle`, is not 0."""
    titles = [_TITLES[0].ljust(left), between, *([_TITLES[1].ljust(middle), between] if middle else []), _TITLES[2]]
    return tuple(Span(title, HEADING) for title in titles)


def _by_group(slots: Sequence[Slot]) -> dict[int | None, list[Slot]]:
    """Return slots by their groups; what stands for groups that are not drawn has the key None."""
    found: dict[int | None, list[Slot]] = {}
    group: int | None = None
    for slot in slots:
        if isinstance(slot, Slice):
            group = slot.group
        elif slot.what == "groups":
            group = None
        found.setdefault(group, []).append(slot)
    return found


def _filters(volume: VolumeReport, number: int) -> tuple[str, str, str, str]:
    """Return what stands between the slices: how many filters, of which shape."""
    group = volume.group(number)
    filters = f"{len(group.makes):,} filter{'' if len(group.makes) == 1 else 's'}"
    shape = "×".join(map(str, (len(group.reads), *volume.shape.kernel_size)))
    return "" if volume.groups == 1 else f"group {number:,}", filters, f"of {shape}", ""


def _above(words: Sequence[str]) -> str:
    """Return on one line what else stands between the slices: `group 0: 4 filters of ...`."""
    group, *filters = words
    said = " ".join(filter(None, filters))
    return f"{group}: {said}" if group else said


def _pictured(slots: Sequence[Slot], room: int, style: str) -> list[Line]:
    """Return the lines of slices beside one another, all as wide as the room."""
    parts = [_BREAK if isinstance(slot, Break) else _SHEET for slot in slots]
    widths = [_width_of_slot(slot) for slot in slots]
    rest = Span(" " * (room - sum(widths)))
    lines: list[Line] = []
    for place in range(len(_SHEET)):
        drawn = "".join(f"{part[place]:<{width}}" for part, width in zip(parts, widths, strict=True))
        lines.append((Span(drawn, style), rest))
    numbers = (
        Span(f"{_number(slot):<{width}}", DIM if isinstance(slot, Break) else style)
        for slot, width in zip(slots, widths, strict=True)
    )
    return [*lines, (*numbers, rest)]


def _width(slots: Sequence[Slot]) -> int:
    return sum(map(_width_of_slot, slots))


def _width_of_slot(slot: Slot) -> int:
    return max(len(_SHEET[0]) + 1, len(_number(slot)) + _GAP)


def _number(slot: Slot) -> str:
    if isinstance(slot, Slice):
        return f"{slot.channel:,}"
    return f"{slot.left_out:,} more"
