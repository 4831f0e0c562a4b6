"""Multiply-adds counted one by one, and memory by a simulation that holds each tensor until its last reader is done."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.network.notation import graph_of
from conv2d_cli.network.propagation import propagate
from conv2d_cli.report.network_analysis import stack_report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.report.stack import StackReport

ELEMENT_BYTES = 4


class Axis(NamedTuple):
    """One axis of a window: `extra` is the output_padding of a transposed one."""

    size: int
    kernel: int
    stride: int
    dilation: int
    padding: int
    extra: int = 0

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Yield each output with what each tap of its window reads."""
        outputs = (self.size + 2 * self.padding - self.dilation * (self.kernel - 1) - 1) // self.stride + 1
        for output, tap in product(range(outputs), range(self.kernel)):
            yield output, output * self.stride - self.padding + tap * self.dilation

    def transposed_pairs(self) -> Iterator[tuple[int, int]]:
        """Yield each input with what each tap of its window writes."""
        for element, tap in product(range(self.size), range(self.kernel)):
            yield element, element * self.stride - self.padding + tap * self.dilation

    @property
    def transposed_size(self) -> int:
        """Rows that a transposed convolution keeps: the last tap's place, less what is cropped, and what is added."""
        last = (self.size - 1) * self.stride + (self.kernel - 1) * self.dilation
        return last + 1 - 2 * self.padding + self.extra


def axes(number: int, *, transposed: bool = False) -> st.SearchStrategy[list[Axis]]:
    small = st.integers(1, 3)
    extra = st.integers(0, 1) if transposed else st.just(0)
    return st.lists(
        st.builds(Axis, st.integers(1, 5), small, small, small, st.integers(0, 3), extra),
        min_size=number,
        max_size=number,
    )


def arguments_of(window: list[Axis]) -> dict[str, Any]:
    names = {"kernel_size": "kernel", "stride": "stride", "dilation": "dilation", "padding": "padding"}
    return {name: [getattr(axis, field) for axis in window] for name, field in names.items()}


def report_on(layer: dict[str, Any], shape: tuple[int, ...]) -> StackReport | None:
    """Return the figures; None where the layer takes no such input, or is none."""
    passed = propagate(graph_of({"layers": [layer]}, "one"), [shape])
    return None if passed.misfits else stack_report(passed)


GROUPED = st.tuples(st.integers(1, 2), st.integers(1, 2), st.integers(1, 2))


@given(st.integers(1, 3).flatmap(axes), st.integers(1, 2), GROUPED)
def test_taps_on_real_input_one_by_one(window: list[Axis], batch: int, channels: tuple[int, int, int]) -> None:
    groups, per_input, per_output = channels
    layer = {
        "type": f"Conv{len(window)}d",
        "out_channels": groups * per_output,
        "groups": groups,
        **arguments_of(window),
    }
    report = report_on(layer, (batch, groups * per_input, *(axis.size for axis in window)))
    every = [*product(*(axis.pairs() for axis in window))]
    if report is None:
        assert not every
        return
    real = [taps for taps in every if all(0 <= read < axis.size for (_, read), axis in zip(taps, window, strict=True))]
    times = batch * groups * per_input * per_output
    assert (report.macs, report.effective_macs) == (times * len(every), times * len(real))
    outputs = {tuple(output for output, _ in taps) for taps in every}
    assert report.bias_adds == batch * groups * per_output * len(outputs)


@given(axes(2, transposed=True), st.integers(1, 2), GROUPED)
def test_taps_that_land_in_the_output_one_by_one(
    window: list[Axis], batch: int, channels: tuple[int, int, int]
) -> None:
    groups, per_input, per_output = channels
    window = [axis._replace(extra=min(axis.extra, max(axis.stride, axis.dilation) - 1)) for axis in window]
    extra = {"output_padding": [axis.extra for axis in window]}
    layer = {"type": "ConvTranspose2d", "out_channels": groups * per_output, "groups": groups}
    report = report_on(
        layer | arguments_of(window) | extra, (batch, groups * per_input, *(axis.size for axis in window))
    )
    if report is None:
        assert min(axis.transposed_size for axis in window) < 1
        return
    every = [*product(*(axis.transposed_pairs() for axis in window))]
    landing = [
        taps
        for taps in every
        if all(0 <= written < axis.transposed_size for (_, written), axis in zip(taps, window, strict=True))
    ]
    times = batch * groups * per_input * per_output
    assert (report.macs, report.effective_macs) == (times * len(every), times * len(landing))


class Call(NamedTuple):
    """A node of a drawn network: what it reads, by number, and the channels that come out."""

    reads: tuple[int, ...]
    channels: int


@st.composite
def calls(draw: st.DrawFn) -> list[Call]:
    """Return nodes that read the input (0) or nodes before them, some twice, and some of which nobody reads."""
    found: list[Call] = []
    channels = [3]
    for number in range(1, draw(st.integers(1, 9)) + 1):
        reads = tuple(draw(st.lists(st.integers(0, number - 1), min_size=1, max_size=3)))
        made = draw(st.integers(1, 9)) if len(reads) == 1 else sum(channels[read] for read in reads)
        found.append(Call(reads, made))
        channels.append(made)
    return found


def simulated(sizes: list[int], drawn: list[Call]) -> tuple[int, int]:
    """Return the most bytes that are held at a time, and the node at which they first are."""
    held, most, place = {0: sizes[0]}, 0, 0
    for number, call in enumerate(drawn, 1):
        held[number] = sizes[number]
        if sum(held.values()) > most:
            most, place = sum(held.values()), number
        later = {read for other in drawn[number:] for read in other.reads}
        for read in call.reads:
            if read not in later:
                held.pop(read, None)
    return most, place


@given(calls())
def test_memory_is_that_of_a_simulation(drawn: list[Call]) -> None:
    names = ["input", *(f"node{number}" for number in range(1, len(drawn) + 1))]
    layers = [
        {
            "name": names[number],
            "from": [names[read] for read in call.reads],
            **(
                {"type": "Concat"}
                if len(call.reads) > 1
                else {"type": "Conv2d", "out_channels": call.channels, "kernel_size": 1}
            ),
        }
        for number, call in enumerate(drawn, 1)
    ]
    report = stack_report(propagate(graph_of({"layers": layers}, "drawn"), [(1, 3, 2, 2)]))
    sizes = [ELEMENT_BYTES * 4 * channels for channels in (3, *(call.channels for call in drawn))]
    peak, place = simulated(sizes, drawn)
    assert (report.peak_activation_bytes, report.peak_node) == (peak, names[place])
    made = sum(sizes[1:])
    assert report.activation_bytes == made
    assert report.training_bytes == 2 * ELEMENT_BYTES * (report.parameters or 0) + made
    both = [sizes[number] + sum(sizes[read] for read in {*call.reads}) for number, call in enumerate(drawn, 1)]
    assert report.two_buffer_bytes == max(both)
    assert prod(report.output_shape or ()) * ELEMENT_BYTES == sizes[-1]
