"""One axis: closed forms against counting every tap by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.arithmetic.window import Axis, effective_kernel, floor_sum, real_taps

axes = st.builds(
    Axis,
    size=st.integers(0, 24),
    kernel=st.integers(1, 8),
    stride=st.integers(1, 7),
    dilation=st.integers(1, 5),
    before=st.integers(0, 12),
    after=st.integers(0, 12),
)


def positions(axis: Axis) -> list[list[int]]:
    """Return, window by window, where each tap lies in the real input; negative or too large ones are padding."""
    windows, first = [], -axis.before
    while first + axis.dilation * (axis.kernel - 1) < axis.size + axis.after:
        windows.append([first + tap * axis.dilation for tap in range(axis.kernel)])
        first += axis.stride
    return windows


@given(axes)
def test_outputs_are_the_windows_that_fit(axis: Axis) -> None:
    windows = positions(axis)
    assert max(axis.output, 0) == len(windows)
    assert axis.padded == axis.before + axis.size + axis.after
    if windows:
        assert axis.effective_kernel == windows[0][-1] - windows[0][0] + 1


@given(axes)
def test_real_taps_are_those_on_the_input(axis: Axis) -> None:
    counted = sum(0 <= position < axis.size for window in positions(axis) for position in window)
    assert axis.real_taps == real_taps(axis) == counted


@given(axes)
def test_unused_elements_lie_after_the_last_window(axis: Axis) -> None:
    windows = positions(axis)
    if not windows or windows[-1][-1] < 0:
        return
    last = windows[-1][-1]
    assert axis.unused == max(0, axis.size - 1 - last)


@pytest.mark.parametrize(
    ("axis", "output", "unused", "taps"),
    [
        (Axis(224, 7, 2, 1, 3, 3), 112, 0, 112 * 7 - 3 - 1 - 2),
        (Axis(8, 4, 1, 1, 1, 2), 8, 0, 3 + 5 * 4 + 3 + 2),
        (Axis(7, 3, 1, 1, 1, 1), 7, 0, 19),
        (Axis(10, 3, 4, 1, 0, 0), 2, 3, 6),
        (Axis(10, 3, 4, 1, 0, 2), 3, 0, 8),
        (Axis(5, 3, 1, 2, 0, 0), 1, 0, 3),
        (Axis(5, 6, 1, 1, 0, 0), 0, 0, 0),
        (Axis(0, 3, 1, 1, 2, 2), 2, 0, 0),
    ],
)
def test_known_axes(axis: Axis, output: int, unused: int, taps: int) -> None:
    assert axis.output == output
    assert axis.real_taps == taps
    if output:
        assert axis.unused == unused


def test_numbers_of_any_size() -> None:
    size = 10**40
    axis = Axis(size, 3, 1, 1, 1, 1)
    assert axis.output == size
    assert axis.real_taps == 3 * size - 2
    wide = Axis(10**30, 10**12, 1, 1, 10**12 - 1, 10**12 - 1)
    assert wide.real_taps == 10**30 * 10**12


def test_the_effective_kernel() -> None:
    assert [effective_kernel(kernel, 3) for kernel in (1, 2, 5)] == [1, 4, 13]


@given(st.integers(0, 30), st.integers(1, 12), st.integers(-40, 40), st.integers(-40, 40))
def test_floor_sum_is_the_sum_of_floors(count: int, modulus: int, slope: int, start: int) -> None:
    assert floor_sum(count, modulus, slope, start) == sum((slope * i + start) // modulus for i in range(count))


def test_floor_sum_of_a_long_range_takes_few_steps() -> None:
    # sum(i // 7 for i < 7 * n) is 7 * (0 + 1 + ... + n - 1).
    n = 10**50
    assert floor_sum(7 * n, 7, 1, 0) == 7 * n * (n - 1) // 2
    assert floor_sum(-3, 7, 1, 0) == 0
