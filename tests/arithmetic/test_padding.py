"""Named paddings, as PyTorch, ONNX and TensorFlow define them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.arithmetic.padding import (
    NAMED_PADDING,
    PADDING_THAT_NEEDS_A_SIZE,
    axis_padding,
    same_padding,
    same_padding_of_size,
)
from conv2d_cli.arithmetic.window import Axis

sizes, kernels, strides, dilations = st.integers(1, 40), st.integers(1, 9), st.integers(1, 6), st.integers(1, 4)


@given(sizes, kernels, dilations)
def test_same_keeps_the_size_and_puts_the_odd_element_last(size: int, kernel: int, dilation: int) -> None:
    before, after = same_padding(kernel, dilation)
    assert Axis(size, kernel, 1, dilation, before, after).output == size
    assert after - before in {0, 1}


@pytest.mark.parametrize(
    ("kernel", "dilation", "expected"), [(1, 1, (0, 0)), (4, 1, (1, 2)), (2, 3, (1, 2)), (4, 5, (7, 8)), (3, 2, (2, 2))]
)
def test_same_of_known_kernels(kernel: int, dilation: int, expected: tuple[int, int]) -> None:
    assert same_padding(kernel, dilation) == expected


@given(sizes, kernels, strides, dilations)
def test_same_upper_gives_the_size_divided_by_the_stride(size: int, kernel: int, stride: int, dilation: int) -> None:
    upper = same_padding_of_size(size, kernel, stride, dilation, extra_first=False)
    lower = same_padding_of_size(size, kernel, stride, dilation, extra_first=True)
    assert Axis(size, kernel, stride, dilation, *upper).output == -(-size // stride)
    assert upper[1] - upper[0] in {0, 1}
    assert lower == upper[::-1]
    # ONNX's shape inference has another form of the same total.
    rest = size % stride or stride
    assert sum(upper) == max(0, dilation * (kernel - 1) + 1 - rest)


def test_tensorflow_s_example() -> None:
    # Kernel 3, stride 2 on 8: TensorFlow pads (0, 1).
    assert same_padding_of_size(8, 3, 2, 1, extra_first=False) == (0, 1)
    assert same_padding_of_size(8, 3, 2, 1, extra_first=True) == (1, 0)


def test_each_name_on_an_axis() -> None:
    assert NAMED_PADDING == ("same", "valid", "same_upper", "same_lower")
    assert [axis_padding(name, 8, 4, 2, 1) for name in NAMED_PADDING] == [(1, 2), (0, 0), (1, 1), (1, 1)]
    assert [axis_padding(name, 8, 3, 2, 1) for name in NAMED_PADDING] == [(1, 1), (0, 0), (0, 1), (1, 0)]


def test_only_two_names_need_a_size() -> None:
    assert {name for name in NAMED_PADDING if axis_padding(name, None, 3, 1, 1) is None} == PADDING_THAT_NEEDS_A_SIZE
