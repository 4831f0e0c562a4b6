"""Groups of channels, against channels that are dealt out one after the other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.arithmetic.channels import channel_multiplier, channels_of, group_of


@given(st.integers(1, 7), st.integers(1, 6))
def test_every_channel_is_in_one_group(groups: int, each: int) -> None:
    channels = groups * each
    dealt = [[*channels_of(group, channels, groups)] for group in range(groups)]
    assert [channel for some in dealt for channel in some] == [*range(channels)]
    assert all(group_of(channel, channels, groups) == group for group, some in enumerate(dealt) for channel in some)


@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 6))
def test_a_depthwise_layer_is_one_of_as_many_groups_as_channels(groups: int, read: int, made: int) -> None:
    multiplier = channel_multiplier(groups * read, groups * made, groups)
    assert multiplier == (made if read == 1 and groups > 1 else None)
