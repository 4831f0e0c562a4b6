"""The words in and below a picture of volumes: numbers and keys of `shape`, and which channels belong together."""

# ruff: noqa: RUF001 - the signs of arithmetic are meant

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Literal

from conv2d_cli.render.drawing.model import Text
from conv2d_cli.render.drawing.volume_slots import MOST_FILTERS, Break, slots_of
from conv2d_cli.render.layer_text import as_torch_prints

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.report.draw import DrawReport
    from conv2d_cli.report.draw_volume import GroupRow, VolumeReport

_NAME, _SMALL = 14, 12
_LONGEST_LINE = 100


def title(report: DrawReport) -> list[str]:
    """Return the layer as torch prints it, on as many lines as it needs."""
    return wrap(as_torch_prints(report.shape), _LONGEST_LINE)


def heading(part: Literal["input", "filters", "output"], report: DrawReport, volume: VolumeReport) -> list[Text]:
    """Return what stands above a part, without a place."""
    shape = report.shape
    weight = shape.weight_shape
    lines = {
        "input": ("input", f"input_shape {_times(shape.input_shape)}", f"in_channels {volume.in_channels:,}"),
        "filters": (
            f"{_counted(volume.out_channels, 'filter')} of {_times(_filter_shape(report, volume))}",
            f"weight_shape {_times(weight)}",
            f"parameters {_parameters(report)}",
        ),
        "output": ("output", f"output_shape {_times(shape.output_shape)}", f"out_channels {volume.out_channels:,}"),
    }[part]
    return [Text(0, 0, lines[0], _NAME, bold=True), *(Text(0, 0, line, _SMALL, fill="soft") for line in lines[1:])]


def _filter_shape(report: DrawReport, volume: VolumeReport) -> tuple[int, ...]:
    return (len(volume.group(0).reads), *report.shape.kernel_size)


def _parameters(report: DrawReport) -> str:
    shape = report.shape
    if not shape.bias_parameters:
        return f"{shape.parameters:,}"
    return f"{shape.weight_parameters:,} + {shape.bias_parameters:,} = {shape.parameters:,}"


def _times(sizes: tuple[int, ...] | None) -> str:
    return " × ".join(map(str, sizes or ()))


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def spoken(channels: range) -> str:
    """Return channels as a person says them.

    >>> spoken(range(4, 5)), spoken(range(4, 8))
    ('channel 4', 'channels 4 to 7')
    """
    if len(channels) == 1:
        return f"channel {channels[0]:,}"
    return f"channels {channels[0]:,} to {channels[-1]:,}"


def label_of_input(channel: int, group: GroupRow) -> str:
    """Return what a slice of the input says of itself."""
    return f"input channel {channel:,}: group {group.group:,}, makes output {spoken(group.makes)}"


def label_of_filter(channel: int, group: GroupRow) -> str:
    """Return what a filter says of itself."""
    return f"filter {channel:,}: group {group.group:,}, reads input {spoken(group.reads)}"


def label_of_output(channel: int, group: GroupRow) -> str:
    """Return what a slice of the output says of itself."""
    return f"output channel {channel:,}: group {group.group:,}, made of input {spoken(group.reads)}"


def name_of_filter(channel: int, group: GroupRow, volume: VolumeReport) -> str:
    """Return what stands above a filter; where one of each group is drawn, all those that it stands for."""
    alone = volume.groups in MOST_FILTERS or len(group.makes) == 1
    return f"filter {channel:,}" if alone else f"filter {channel:,}, one of {group.makes[0]:,} to {group.makes[-1]:,}"


def words_of_break(slot: Break) -> str:
    """Return what is not drawn between two filters."""
    return f"… {slot.left_out:,} more {'filters' if slot.what == 'channels' else slot.what}"


def legend(volume: VolumeReport) -> Iterator[tuple[int | None, str]]:
    """Yield a line for each group that is drawn, with the number of its colour; None for what is left out."""
    if volume.groups == 1:
        return
    told: set[int] = set()
    for slot in slots_of(volume, "reads"):
        if isinstance(slot, Break):
            if slot.what == "groups":
                yield None, f"… {slot.left_out:,} more groups"
        elif slot.group not in told:
            told.add(slot.group)
            group = volume.group(slot.group)
            yield slot.color, f"group {slot.group:,}: input {spoken(group.reads)} → output {spoken(group.makes)}"


def made_of(volume: VolumeReport) -> str:
    """Return what the output channel is made of that lines lead to."""
    return f"output channel 0 is made of input {spoken(volume.group_making(0).reads)}"


def caption(volume: VolumeReport) -> Iterator[str]:
    """Yield what is to be seen."""
    yield f"{made_of(volume)}: thick edges"
    if volume.multiplier is not None:
        yield (
            f"depthwise: every input channel by itself, channel multiplier {volume.multiplier:,} "
            f"= {volume.out_channels:,} / {volume.in_channels:,}"
        )
    yield "sizes of slices are not to scale"


def description(report: DrawReport, volume: VolumeReport) -> str:
    """Return the picture in words, for those who cannot see it."""
    groups = "" if volume.groups == 1 else f" in {volume.groups:,} groups"
    shapes = (
        f"An input of {_times(report.shape.input_shape)}, {_counted(volume.out_channels, 'filter')} of "
        f"{_times(_filter_shape(report, volume))}{groups}, an output of {_times(report.shape.output_shape)}"
    )
    return "; ".join((shapes, *(words for _, words in legend(volume)), *caption(volume)))
