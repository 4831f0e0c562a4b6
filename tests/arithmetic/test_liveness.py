"""Bytes that are live while a network runs: against a list of tensors that are dropped one by one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.arithmetic.liveness import live_bytes, peak_of


def one_by_one(sizes: list[int], readers: list[list[int]], made: int) -> list[int]:
    """Return what is live at each step, by a set of tensors that are there."""
    there, found = set(range(made)), []
    for step in range(made, len(sizes)):
        there.add(step)
        found.append(sum(sizes[tensor] for tensor in there))
        there -= {tensor for tensor in there if readers[tensor] and max(readers[tensor]) <= step}
    return found


@st.composite
def networks(draw: st.DrawFn) -> tuple[list[int], list[list[int]], int]:
    made = draw(st.integers(1, 3))
    steps = draw(st.integers(0, 12))
    sizes = draw(st.lists(st.integers(0, 2**70), min_size=made + steps, max_size=made + steps))
    readers: list[list[int]] = [[] for _ in sizes]
    for step in range(made, made + steps):
        for tensor in draw(st.sets(st.integers(0, step - 1), max_size=3)):
            readers[tensor].append(step)
    return sizes, readers, made


@given(networks())
def test_tensors_are_live_from_their_step_to_their_last_reader(network: tuple[list[int], list[list[int]], int]) -> None:
    sizes, readers, made = network
    live = live_bytes(sizes, readers, made)
    assert [*live] == one_by_one(sizes, readers, made)
    assert peak_of(sizes, readers, made).bytes == max([sum(sizes[:made]), *live])
