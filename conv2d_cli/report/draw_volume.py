"""What a picture of a layer's volumes shows: which input channels make which output channels, by groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.arithmetic.channels import channel_multiplier, channels_of, group_of
from conv2d_cli.showing import shows_itself

if TYPE_CHECKING:
    from conv2d_cli.report.shape import ShapeReport
    from conv2d_cli.report.transposed import TransposedReport


class GroupRow(NamedTuple):
    """One group: the input channels that it reads, and the output channels that it makes of all of them."""

    group: int
    reads: range
    makes: range


@shows_itself
class VolumeReport(NamedTuple):
    """A layer on its input, as a picture of its volumes shows it: input channels, filters and output channels.

    `multiplier` is how many output channels a depthwise layer makes of each input channel, None of any other layer.
    """

    shape: ShapeReport | TransposedReport
    in_channels: int
    out_channels: int
    groups: int
    multiplier: int | None

    def group(self, number: int) -> GroupRow:
        """Return the channels of a group."""
        return GroupRow(
            number,
            channels_of(number, self.in_channels, self.groups),
            channels_of(number, self.out_channels, self.groups),
        )

    def group_making(self, output_channel: int) -> GroupRow:
        """Return the group that an output channel is in: it reads all input channels of it, and no other."""
        return self.group(group_of(output_channel, self.out_channels, self.groups))


def volume_report(shape: ShapeReport | TransposedReport) -> VolumeReport:
    """Return how the channels of a layer are connected.

    >>> from conv2d_cli import Conv2d, analyze
    >>> report = volume_report(analyze(Conv2d(4, 8, 3, groups=2)))
    >>> report.group_making(5)
    GroupRow(group=1, reads=range(2, 4), makes=range(4, 8))
    """
    multiplier = channel_multiplier(shape.in_channels, shape.out_channels, shape.groups)
    return VolumeReport(shape, shape.in_channels, shape.out_channels, shape.groups, multiplier)
