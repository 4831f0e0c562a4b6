"""Receptive fields against sets of indices that are taken back through layer after layer, one element at a time."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import example, given
from hypothesis import strategies as st

from conv2d_cli.arithmetic.receptive_field import (
    IMAGE,
    Field,
    Span,
    joined,
    through_enlarging,
    through_transposed,
    through_window,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST = 4


class Window(NamedTuple):
    """A convolution or a pooling."""

    kernel: int
    stride: int
    dilation: int
    before: int

    def reads(self, output: int) -> set[int]:
        return {output * self.stride - self.before + tap * self.dilation for tap in range(self.kernel)}

    def behind(self, field: Field) -> Field | None:
        return through_window(field, *self)


class Transposed(NamedTuple):
    """A transposed convolution, its inputs looked for one by one."""

    kernel: int
    stride: int
    dilation: int
    before: int

    def reads(self, output: int) -> set[int]:
        offsets = {output + self.before - tap * self.dilation for tap in range(self.kernel)}
        return {offset // self.stride for offset in offsets if offset % self.stride == 0}

    def behind(self, field: Field) -> Field | None:
        return through_transposed(field, *self)


class Enlarged(NamedTuple):
    """Upsampling: nearest (1), linear (2) or cubic (4), whose centres are those of torch without aligned corners."""

    factor: int
    taps: int

    def reads(self, output: int) -> set[int]:
        if self.taps == 1:
            return {output // self.factor}
        centre = (output + Fraction(1, 2)) / self.factor - Fraction(1, 2)
        left, reach = floor(centre), self.taps // 2
        return {left} if centre == left else {*range(left - reach + 1, left + reach + 1)}

    def behind(self, field: Field) -> Field | None:
        return through_enlarging(field, *self)


Layer = Window | Transposed | Enlarged
small = st.integers(1, _MOST)
windows = st.builds(Window, small, st.integers(1, 3), st.integers(1, 3), st.integers(0, 3))
layers: st.SearchStrategy[Layer] = st.one_of(
    windows,
    st.builds(Transposed, small, st.integers(1, _MOST), st.integers(1, 5), st.integers(0, 3)),
    st.builds(Enlarged, st.integers(1, 3), st.sampled_from((1, 2, 4))),
)


def made_from(stack: Sequence[Layer], output: int) -> set[int]:
    """Return the elements of the image that an output is made from."""
    elements = {output}
    for layer in reversed(stack):
        elements = set().union(*map(layer.reads, elements)) if elements else set()
    return elements


def behind(stack: Sequence[Layer]) -> Field | None:
    field: Field | None = IMAGE
    for layer in stack:
        field = field and layer.behind(field)
    return field


def hull(elements: set[int]) -> Span | None:
    return Span(min(elements), max(elements)) if elements else None


def span_of(field: Field, output: int) -> Span | None:
    found = field.at(output)
    return found if found.first <= found.last else None


def outputs_of(field: Field) -> range:
    return range(-len(field.spans), 2 * len(field.spans))


@given(st.lists(layers, min_size=1, max_size=4))
# A later output of the transposed one reads earlier elements than the one before it.
@example([Transposed(2, 2, 3, 0), Window(2, 1, 1, 0)])
# A window that steps over elements that are made from nothing, and one that falls on nothing else.
@example([Transposed(1, 2, 1, 0), Window(2, 1, 2, 0), Window(3, 1, 1, 1)])
# The middle one of three outputs lies on an element.
@example([Enlarged(3, 4), Window(1, 3, 1, -1)])
def test_a_field_holds_what_an_output_is_made_from_and_no_more(stack: list[Layer]) -> None:
    field = behind(stack)
    assert field is not None
    spans = [hull(made_from(stack, output)) for output in outputs_of(field)]
    assert [span_of(field, output) for output in outputs_of(field)] == spans
    assert field.size == max((span.last - span.first + 1 for span in spans if span), default=0)
    first = hull(made_from(stack, 0))
    assert field.start == (first and first.first)


@given(st.lists(layers, min_size=1, max_size=3))
def test_outputs_of_one_phase_are_as_far_apart_as_the_stride_says(stack: list[Layer]) -> None:
    field = behind(stack)
    assert field is not None
    for output in range(len(field.spans)):
        here, there = (hull(made_from(stack, place)) for place in (output, output + len(field.spans)))
        assert (here is None) == (there is None)
        if here and there:
            assert there.first - here.first == field.stride * len(field.spans)


@given(
    st.lists(layers, max_size=2),
    st.lists(windows.map(lambda one: one._replace(stride=1)), max_size=2),
    st.lists(windows, max_size=2),
    small,
)
def test_a_join_holds_what_its_branches_are_made_from(
    stem: list[Layer], left: list[Layer], right: list[Layer], factor: int
) -> None:
    """One branch goes down by strides and up again by an enlargement or a transposed convolution."""
    down = 1
    for layer in right:
        down *= layer.stride if isinstance(layer, Window) else 1
    up: list[Layer] = [Enlarged(down, 1)] if factor % 2 else [Transposed(factor, down, 1, 0)]
    branches = [[*stem, *left], [*stem, *right, *up]]
    fields = [behind(branch) for branch in branches]
    assert None not in fields
    field = joined([one for one in fields if one is not None])
    assert field is not None
    for output in outputs_of(field):
        together = set[int]().union(*(made_from(branch, output) for branch in branches))
        assert span_of(field, output) == hull(together)


def test_a_field_that_would_take_long_is_not_worked_out() -> None:
    assert through_enlarging(IMAGE, 5000) is None
    assert through_transposed(IMAGE, 5000, 5000, 1, 0) is None
    # Three in four outputs are made from nothing: where a window finds something depends on each.
    assert through_transposed(IMAGE, 250, 1000, 1, 0) is None
    gaps = through_transposed(IMAGE, 50, 200, 1, 0)
    assert gaps is not None
    assert (gaps.is_ordered, gaps.size) == (False, 1)


def test_enormous_kernels_and_dilations_take_no_time() -> None:
    gaps = through_transposed(IMAGE, 3, 4, 5, 0)
    assert gaps is not None
    wide = through_window(gaps, 2**62, 3, 2**61 + 1, 0)
    assert wide.size > 2**120
    assert through_window(wide, 2**62, 1, 7, 1).size > wide.size
