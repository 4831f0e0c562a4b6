"""The volumes of a layer: input channels, filters and output channels as slices, and which of them belong together."""

from __future__ import annotations

from math import hypot
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.render.drawing.model import Drawing, Labelled, Line, Polygon, Rectangle, Text, box_of, text_width
from conv2d_cli.render.drawing.palette import GROUPS
from conv2d_cli.render.drawing.volume_sheets import Part, dots, numbers, sheet, sheet_of, stack_of
from conv2d_cli.render.drawing.volume_slots import Break, Slice, filters_of, slots_of
from conv2d_cli.render.drawing.volume_words import (
    caption,
    description,
    heading,
    label_of_filter,
    label_of_input,
    label_of_output,
    legend,
    made_of,
    name_of_filter,
    title,
    words_of_break,
)
from conv2d_cli.report.draw_volume import volume_report

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conv2d_cli.render.drawing.model import Shape
    from conv2d_cli.render.drawing.palette import Role
    from conv2d_cli.render.drawing.volume_sheets import Stack
    from conv2d_cli.render.drawing.volume_slots import Slot
    from conv2d_cli.report.draw import DrawReport
    from conv2d_cli.report.draw_volume import VolumeReport

_MARGIN, _BETWEEN, _LEAST_WIDTH = 32, 96, 560
_LINE, _SMALL, _TITLE = 19, 12, 16
_ROOM, _ROOM_OF_FILTERS = 360, 210
_SCALES = (1, 0.85, 0.7, 0.6, 0.5)
_LARGEST = 150
# Of a filter, where no more of them stand under one another than here, and where more do.
_LARGEST_FILTER, _LARGEST_OF_MANY, _MANY = 54, 34, 4
# Above a filter stands its name.
_ROWS_APART, _BREAK_HEIGHT, _ABOVE, _NAMED = 16, 32, 7, 20
_HEAD_LENGTH, _HEAD_WIDTH, _AWAY = 8, 4, 10
# The least share of a plane that a window, or an element, is drawn as.
_LEAST_SHARE = 0.18


class _Place(NamedTuple):
    """A stack, and where its slices stand: the left end and the top of the edge in front."""

    stack: Stack
    x: float
    y: float

    @property
    def right(self) -> float:
        return self.x + self.stack.width


def drawing(report: DrawReport) -> Drawing:
    """Return the volumes of a layer: what its output channel 0 is made of has thick edges, and lines to its filter.

    >>> from conv2d_cli import Conv2d, analyze
    >>> from conv2d_cli.report.draw import draw_report
    >>> drawn = drawing(draw_report(analyze(Conv2d(4, 8, 3, groups=2), 5), at=(0, 0)))
    >>> drawn.title
    'Volumes of Conv2d(4, 8, kernel_size=(3, 3), stride=(1, 1), groups=2)'
    """
    volume = volume_report(report.shape)
    stacks = _stacks(report, volume)
    words = [heading(part, report, volume) for part in ("input", "filters", "output")]
    shapes: list[Shape] = [
        Text(_MARGIN, _MARGIN + _TITLE + number * _LINE, line, _TITLE, bold=True)
        for number, line in enumerate(title(report))
    ]
    top = box_of(tuple(shapes)).bottom + 2 * _LINE
    under = top + len(words[0]) * _LINE
    middle = under + max(_rows_height(stacks[1], volume), *map(_height, stacks)) / 2
    places, x = [], float(_MARGIN)
    for stack, lines, least in zip(stacks, words, (0, _names_width(volume), 0), strict=True):
        places.append(_Place(stack, x, middle + stack.sheet.up / 2 - stack.sheet.height / 2))
        shapes += [line._replace(x=x, y=top + number * _LINE) for number, line in enumerate(lines)]
        x += max(stack.width, least, *(line.width for line in lines)) + _BETWEEN
    places[1] = places[1]._replace(y=middle - _rows_height(stacks[1], volume) / 2 + _NAMED + stacks[1].sheet.up)
    shapes += [*_input(places[0], report, volume), *_filters(places[1], report, volume)]
    shapes += [*_output(places[2], report, volume), *_lines(places, report, volume)]
    shapes += _notes(volume, box_of(tuple(shapes)).bottom + 2 * _LINE)
    box = box_of(tuple(shapes))
    return Drawing(
        max(_LEAST_WIDTH, box.right + _MARGIN),
        box.bottom + _MARGIN,
        f"Volumes of {' '.join(title(report))}",
        description(report, volume),
        tuple(shapes),
    )


def _rows_height(stack: Stack, volume: VolumeReport) -> float:
    """Return how high the filters under one another are."""
    return sum(_row_height(slot, stack) for slot in filters_of(volume)) - _ROWS_APART


def _row_height(slot: Slot, stack: Stack) -> float:
    return _BREAK_HEIGHT if isinstance(slot, Break) else _NAMED + _height(stack) + _ROWS_APART


def _stacks(report: DrawReport, volume: VolumeReport) -> tuple[Stack, Stack, Stack]:
    shape = report.shape
    input_sheet = sheet_of(shape.input_shape or (), _LARGEST)
    output_sheet = sheet_of(shape.output_shape or (), _LARGEST)
    # Both at one scale: the first at which they have room.
    for scale in _SCALES:
        read = stack_of(slots_of(volume, "reads"), input_sheet.scaled(scale), _ROOM, numbered=True)
        made = stack_of(slots_of(volume, "makes"), output_sheet.scaled(scale), _ROOM, numbered=True)
        if max(read.width, made.width) <= _ROOM:
            break
    largest = _LARGEST_FILTER if len(filters_of(volume)) <= _MANY else _LARGEST_OF_MANY
    kernel = sheet_of(shape.kernel_size, largest)
    return read, stack_of(_of_group(slots_of(volume, "reads"), 0), kernel, _ROOM_OF_FILTERS, numbered=False), made


def _of_group(slots: Sequence[Slot], group: int) -> list[Slot]:
    """Return the slots of a group, which stand together."""
    places = [place for place, slot in enumerate(slots) if isinstance(slot, Slice) and slot.group == group]
    return [*slots[places[0] : places[-1] + 1]]


def _height(stack: Stack) -> float:
    return stack.sheet.height + stack.sheet.up


def _color(slot: Slice, volume: VolumeReport, alone: Role) -> Role:
    return alone if volume.groups == 1 else GROUPS[slot.color]


def _input(place: _Place, report: DrawReport, volume: VolumeReport) -> Iterator[Shape]:
    seen, window = volume.group_making(0).reads, _window(report)
    for slot, offset in place.stack.slices:
        at, is_seen = (place.x + offset, place.y), slot.channel in seen
        patch = (Polygon(place.stack.sheet.outline(*at, window), "tap", "window", 1),) if is_seen else ()
        label = label_of_input(slot.channel, volume.group(slot.group))
        yield sheet(place.stack, at, _color(slot, volume, "input"), label, patch, seen=is_seen)
    yield from dots(place.stack, place.x, place.y)
    yield from numbers(place.stack, place.x, place.y)


def _window(report: DrawReport) -> Part:
    """Return the part of an input plane that the window covers, as far as it lies on it."""
    (top, bottom), (left, right) = (
        _share(axis.window(at).start, axis.window(at).stop, axis.size)
        for axis, at in zip((report.rows, report.columns), report.at, strict=True)
    )
    return Part(left, top, right, bottom)


def _element(report: DrawReport) -> Part:
    """Return the part of an output plane that the element covers."""
    (top, bottom), (left, right) = (
        _share(at, at + 1, axis.outputs) for axis, at in zip((report.rows, report.columns), report.at, strict=True)
    )
    return Part(left, top, right, bottom)


def _share(start: int, stop: int, size: int) -> tuple[float, float]:
    """Return where a stretch begins and ends on an axis, as shares of it; no less of it than can be seen."""
    begin, end = (min(max(0, place), size) / size for place in (start, stop))
    share = max(_LEAST_SHARE, end - begin)
    begin = min(begin, 1 - share)
    return begin, begin + share


def _filters(place: _Place, report: DrawReport, volume: VolumeReport) -> Iterator[Shape]:
    top = place.y - place.stack.sheet.up - _NAMED
    for slot, name in zip(filters_of(volume), _names(volume), strict=True):
        if isinstance(slot, Break):
            yield Text(place.x, top + _SMALL, name, _SMALL, fill="soft")
        else:
            first = slot.channel == 0
            yield Text(place.x, top + _NAMED - _ABOVE, name, _SMALL, fill="ink" if first else "soft", bold=first)
            yield _filter(place._replace(y=top + _NAMED + place.stack.sheet.up), slot, report, volume)
        top += _row_height(slot, place.stack)


def _filter(place: _Place, slot: Slice, report: DrawReport, volume: VolumeReport) -> Labelled:
    """Return a filter: a slice for each input channel that it reads."""
    stack = place.stack
    shapes: list[Shape] = []
    for _, offset in stack.slices:
        at = (place.x + offset, place.y)
        grid = tuple(stack.sheet.grid(*at, *report.shape.kernel_size))
        shapes += sheet(stack, at, _color(slot, volume, "tap"), "", grid, seen=slot.channel == 0).shapes
    label = label_of_filter(slot.channel, volume.group(slot.group))
    return Labelled(label, (*shapes, *dots(stack, place.x, place.y)))


def _output(place: _Place, report: DrawReport, volume: VolumeReport) -> Iterator[Shape]:
    element = _element(report)
    for slot, offset in place.stack.slices:
        at, first = (place.x + offset, place.y), slot.channel == 0
        cell = (Polygon(place.stack.sheet.outline(*at, element), "result", "window", 1),) if first else ()
        label = label_of_output(slot.channel, volume.group(slot.group))
        yield sheet(place.stack, at, _color(slot, volume, "output"), label, cell, seen=first)
    yield from dots(place.stack, place.x, place.y)
    yield from numbers(place.stack, place.x, place.y)


def _lines(places: Sequence[_Place], report: DrawReport, volume: VolumeReport) -> Iterator[Shape]:
    """Yield the lines from the windows to the first filter, and from it to the output element."""
    read, filters, made = places
    window, element = _window(report), _element(report)
    end = (filters.x - _AWAY, filters.y + filters.stack.sheet.height / 2)
    seen = volume.group_making(0).reads
    starts = [
        read.stack.sheet.point(read.x + offset, read.y, (window.right, window.middle[1]))
        for slot, offset in read.stack.slices
        if slot.channel in seen
    ]
    yield Labelled(made_of(volume), (*(Line(*start, *end, "window", 1.2) for start in starts),))
    yield _head(starts[-1], end)
    last = filters.stack.slices[-1][1]
    x, y = filters.stack.sheet.point(filters.x + last, filters.y, (1, 0.5))
    goal = made.stack.sheet.point(made.x, made.y, (element.left, element.middle[1]))
    # Past the names of the filters below.
    bend = max(x, filters.x + _names_width(volume)) + _AWAY
    yield Line(x + _AWAY, y, bend, y, "window", 1.2)
    yield Line(bend, y, *goal, "window", 1.2)
    yield _head((bend, y), goal)


def _names(volume: VolumeReport) -> list[str]:
    """Return what stands in the column of the filters."""
    return [
        words_of_break(slot)
        if isinstance(slot, Break)
        else name_of_filter(slot.channel, volume.group(slot.group), volume)
        for slot in filters_of(volume)
    ]


def _names_width(volume: VolumeReport) -> float:
    return max(text_width(name, _SMALL) for name in _names(volume))


def _head(start: tuple[float, float], end: tuple[float, float]) -> Polygon:
    """Return the head of an arrow that ends at a point."""
    length = hypot(end[0] - start[0], end[1] - start[1]) or 1
    along = ((end[0] - start[0]) / length, (end[1] - start[1]) / length)
    base = (end[0] - along[0] * _HEAD_LENGTH, end[1] - along[1] * _HEAD_LENGTH)
    aside = (-along[1] * _HEAD_WIDTH, along[0] * _HEAD_WIDTH)
    corners = (end, (base[0] + aside[0], base[1] + aside[1]), (base[0] - aside[0], base[1] - aside[1]))
    return Polygon(corners, "window")


def _notes(volume: VolumeReport, top: float) -> Iterator[Shape]:
    """Yield what the colours mean, and what is to be seen."""
    y = top
    for color, words in legend(volume):
        if color is not None:
            yield Rectangle(_MARGIN, y - _SMALL + 1, _SMALL, _SMALL, GROUPS[color], "rule")
        yield Text(_MARGIN + _LINE, y, words, _SMALL, fill="soft" if color is None else "ink")
        y += _LINE
    y += _LINE / 2 if y > top else 0
    for words in caption(volume):
        yield Text(_MARGIN, y, words, _SMALL, fill="soft")
        y += _LINE
