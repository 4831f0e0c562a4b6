"""Which channels belong together: groups of input channels, and the output channels that each makes.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html (groups). A transposed convolution groups
its channels alike.
"""

from __future__ import annotations


def group_of(channel: int, channels: int, groups: int) -> int:
    """Return the group that one of `channels` is in.

    >>> [group_of(channel, channels=6, groups=3) for channel in range(6)]
    [0, 0, 1, 1, 2, 2]
    """
    return channel // (channels // groups)


def channels_of(group: int, channels: int, groups: int) -> range:
    """Return the channels of a group.

    >>> channels_of(1, channels=6, groups=3)
    range(2, 4)
    """
    each = channels // groups
    return range(group * each, (group + 1) * each)


def channel_multiplier(in_channels: int, out_channels: int, groups: int) -> int | None:
    """Return how many output channels a depthwise convolution makes of each input channel; None of any other.

    One input channel has no others that it could be kept apart from: that is no depthwise convolution.

    >>> channel_multiplier(32, 64, 32), channel_multiplier(32, 64, 16), channel_multiplier(1, 64, 1)
    (2, None, None)
    """
    return out_channels // in_channels if groups == in_channels > 1 else None
