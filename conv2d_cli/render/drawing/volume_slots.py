"""Which channels of a layer are drawn as slices: all of a few, else the first and the last, with a break between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.report.draw_volume import VolumeReport

# More groups are the first three, a break, and the last.
_MOST_GROUPS, _FIRST_GROUPS = 6, 3
# Slices of a group, by how many groups are drawn.
_MOST_SLICES = {1: 6, 2: 4, 3: 3}
_FEWEST_SLICES = 2
# Filters of a group that are drawn, by the number of groups; of more groups one of each.
MOST_FILTERS = {1: 3, 2: 2}

Side = Literal["reads", "makes"]


class Slice(NamedTuple):
    """A channel that is drawn, in the colour of its group: the last one, 5, is that of all others."""

    channel: int
    group: int
    color: int


class Break(NamedTuple):
    """What is not drawn between two slices: a number of channels, or of groups."""

    left_out: int
    what: Literal["channels", "groups"] = "channels"


Slot = Slice | Break


def slots_of(volume: VolumeReport, side: Side, most: int | None = None) -> list[Slot]:
    """Return what is drawn of the input channels that groups read, or of the output channels that they make.

    `most` is how many channels of a group are drawn.

    >>> from conv2d_cli import Conv2d, analyze
    >>> from conv2d_cli.report.draw_volume import volume_report
    >>> slots_of(volume_report(analyze(Conv2d(9, 4, 3))), "reads", most=2)
    [Slice(channel=0, group=0, color=0), Break(left_out=7, what='channels'), Slice(channel=8, group=0, color=0)]
    """
    return [*_slots(volume, side, most)]


def filters_of(volume: VolumeReport) -> list[Slot]:
    """Return the filters that are drawn, by the output channels that they make: of many groups the first of each."""
    most = MOST_FILTERS.get(volume.groups)
    if most is not None:
        return slots_of(volume, "makes", most)
    found: list[Slot] = []
    for slot in slots_of(volume, "makes"):
        is_first = isinstance(slot, Slice) and slot.channel == volume.group(slot.group).makes.start
        if is_first or (isinstance(slot, Break) and slot.what == "groups"):
            found.append(slot)
    return found


def _slots(volume: VolumeReport, side: Side, most: int | None) -> Iterator[Slot]:
    cut = volume.groups > _MOST_GROUPS
    numbers = (*range(_FIRST_GROUPS), volume.groups - 1) if cut else tuple(range(volume.groups))
    each = most or _MOST_SLICES.get(len(numbers), _FEWEST_SLICES)
    for place, number in enumerate(numbers):
        if cut and place == _FIRST_GROUPS:
            yield Break(volume.groups - len(numbers), "groups")
        color = _MOST_GROUPS - 1 if cut and place == _FIRST_GROUPS else place
        yield from _of_group(getattr(volume.group(number), side), number, color, each)


def _of_group(channels: range, group: int, color: int, most: int) -> Iterator[Slot]:
    # A break takes the room of a slice: it never stands for a single one.
    if len(channels) <= most + 1:
        yield from (Slice(channel, group, color) for channel in channels)
        return
    yield from (Slice(channel, group, color) for channel in channels[: max(1, most - 1)])
    yield Break(len(channels) - max(2, most))
    yield Slice(channels[-1], group, color)
