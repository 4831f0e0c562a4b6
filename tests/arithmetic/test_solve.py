"""Closed forms of the inverse questions, each against trying every value."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.arithmetic import solve
from conv2d_cli.arithmetic.padding import same_padding_of_size
from conv2d_cli.arithmetic.window import Axis, effective_kernel

outputs, sizes, kernels, strides, dilations = (st.integers(1, most) for most in (30, 30, 8, 7, 5))
paddings = st.integers(0, 12)
axes = st.builds(Axis, sizes, kernels, strides, dilations, paddings, paddings)
MOST = 60


@given(outputs, axes)
def test_sizes(output: int, axis: Axis) -> None:
    found = solve.sizes_of_output(output, axis.kernel, axis.stride, axis.dilation, axis.before + axis.after)
    tried = [size for size in range(-100, 500) if axis._replace(size=size).output == output]
    assert [*found] == tried


@given(outputs, axes)
def test_paddings(output: int, axis: Axis) -> None:
    size, kernel, stride, dilation = axis[:4]
    tried = [both for both in range(500) if Axis(size, kernel, stride, dilation, 0, both).output == output]
    assert [*solve.paddings_of_output(output, size, kernel, stride, dilation)] == tried
    found = solve.padding_of_output(output, size, kernel, stride, dilation)
    alike = next((both for both in tried if both % 2 == 0), None)
    least = alike if alike is not None else next(iter(tried), None)
    assert (found and sum(found)) == least
    if found:
        assert found[1] - found[0] in {0, 1}


@given(outputs, axes)
def test_strides(output: int, axis: Axis) -> None:
    tried = [stride for stride in range(1, MOST) if axis._replace(stride=stride).output == output]
    assert [*solve.strides_of_output(output, axis.padded - axis.effective_kernel, MOST - 1)] == tried


@given(outputs, axes)
def test_kernels_and_dilations(output: int, axis: Axis) -> None:
    spans = solve.spans_of_output(output, axis.padded, axis.stride)
    tried = [kernel for kernel in range(1, MOST) if axis._replace(kernel=kernel).output == output]
    assert [*solve.kernels_of_spans(spans, axis.dilation)] == tried
    tried = [dilation for dilation in range(1, MOST) if axis._replace(dilation=dilation).output == output]
    assert [*solve.dilations_of_spans(spans, axis.kernel, MOST - 1)] == tried


@given(st.integers(1, 50), kernels)
def test_receptive_fields(field: int, kernel: int) -> None:
    fields = {effective_kernel(kernel, dilation): dilation for dilation in range(MOST, 0, -1)}
    assert solve.dilation_of_field(field, kernel) == fields.get(field)
    if field not in fields:
        below, above = (
            max((one for one in fields if one < field), default=None),
            min((one for one in fields if one > field), default=None),
        )
        assert solve.fields_around(field, kernel) == [one for one in (below, above) if one is not None]


@given(axes)
def test_sizes_without_unused(axis: Axis) -> None:
    found = solve.sizes_without_unused(axis)
    tried = [size for size in range(1, 80) if (one := axis._replace(size=size)).output >= 1 and one.unused == 0]
    _are_the_same(found, tried, axis.size)


@given(sizes, kernels, strides, dilations, st.booleans())
def test_sizes_without_unused_of_same(size: int, kernel: int, stride: int, dilation: int, lower: bool) -> None:
    def unused(size: int) -> int:
        sides = same_padding_of_size(size, kernel, stride, dilation, extra_first=lower)
        return Axis(size, kernel, stride, dilation, *sides).unused

    found = solve.sizes_without_unused_of_same(kernel, stride, dilation)
    _are_the_same(found, [size for size in range(1, 80) if unused(size) == 0], size)


def _are_the_same(found: solve.Residues, tried: list[int], size: int) -> None:
    assert found.below(size) == max((one for one in tried if one <= size), default=None)
    assert found.above(size) == min(one for one in tried if one >= size)


@given(axes)
def test_the_least_size_is_the_smallest_that_a_window_fits_into(axis: Axis) -> None:
    least = solve.least_size(axis)
    assert axis._replace(size=least).output >= 1
    assert least == 1 or axis._replace(size=least - 1).output < 1


@given(axes)
def test_the_least_padding_and_the_largest_kernel_fit(axis: Axis) -> None:
    padding = solve.least_padding(axis)
    assert axis._replace(before=padding, after=padding).output >= 1
    assert padding == max(axis.before, axis.after) or axis._replace(before=padding - 1, after=padding - 1).output < 1
    kernel = solve.largest_kernel(axis)
    assert axis._replace(kernel=kernel).output >= 1
    assert axis._replace(kernel=kernel + 1).output < 1


@given(st.integers(0, 10**6), st.integers(1, 20), st.integers(1, 5))
def test_what_fits_into_a_budget(budget: int, each: int, fixed: int) -> None:
    count = solve.largest_count(budget, fixed, each)
    assert fixed + count * each <= budget or count == 0
    assert fixed + (count + 1) * each > budget
    size = solve.largest_size(1, lambda size: size * size * each <= budget)
    assert (size or 0) ** 2 * each <= budget < ((size or 0) + 1) ** 2 * each


def test_numbers_of_any_size() -> None:
    far = 10**60
    assert solve.sizes_of_output(far, 3, far, 1, 2).start == (far - 1) * far + 1
    assert solve.largest_size(1, lambda size: size <= far) == far
