"""Laws that hold for any layer, on small integers, where every order of summation is exact."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from conv2d_cli.backends.api import conv2d
from conv2d_cli.engine.api import Execution, Parameters
from conv2d_cli.engine.planning.planner import plan_convolution
from conv2d_cli.layer.forward import geometry_of
from conv2d_cli.layer.model import Conv2d

Array = np.ndarray[Any, Any]
PAIRS = st.tuples(st.integers(1, 3), st.integers(1, 3))


class Case(NamedTuple):
    x: Array
    weight: Array
    bias: Array
    stride: tuple[int, int]
    padding: tuple[int, int, int, int]
    dilation: tuple[int, int]
    groups: int
    padding_mode: Any

    def convolve(self, x: Array | None = None, weight: Array | None = None, bias: Array | None = None) -> Array:
        return conv2d(
            self.x if x is None else x,
            self.weight if weight is None else weight,
            bias,
            self.stride,
            self.padding,
            self.dilation,
            self.groups,
            padding_mode=self.padding_mode,
        )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    kernel, stride, dilation = draw(PAIRS), draw(PAIRS), draw(PAIRS)
    groups = draw(st.integers(1, 3))
    channels, outputs = draw(st.integers(1, 2)), draw(st.integers(1, 2)) * groups
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    height, width = (size + draw(st.integers(0, 4)) for size in reach)
    padding = draw(st.tuples(*(st.integers(0, min(2, size - 1)) for size in (height, width, height, width))))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dtype = draw(st.sampled_from(["float32", "float64", "int32", "int8"]))
    shapes = (2, channels * groups, height, width), (outputs, channels, *kernel), (outputs,)
    x, weight, bias = (random.integers(-3, 4, shape).astype(dtype) for shape in shapes)
    mode = draw(st.sampled_from(["zeros", "reflect", "replicate", "circular"]))
    return Case(x, weight, bias, stride, padding, dilation, groups, mode)


@given(cases())
def test_it_is_linear_in_the_input_and_in_the_weight(case: Case) -> None:
    other = case.x[::-1, :, ::-1]
    np.testing.assert_array_equal(case.convolve(case.x + 2 * other), case.convolve() + 2 * case.convolve(other))
    flipped = case.weight[..., ::-1]
    np.testing.assert_array_equal(
        case.convolve(weight=flipped - case.weight), case.convolve(weight=flipped) - case.convolve()
    )


@given(cases())
def test_a_bias_is_added_to_its_channel(case: Case) -> None:
    expected = case.convolve() + case.bias[:, None, None]
    np.testing.assert_array_equal(case.convolve(bias=case.bias), expected)


@given(cases())
def test_groups_are_convolutions_side_by_side(case: Case) -> None:
    parts = zip(np.split(case.x, case.groups, 1), np.split(case.weight, case.groups), strict=True)
    apart = [case._replace(groups=1).convolve(x, weight) for x, weight in parts]
    np.testing.assert_array_equal(case.convolve(), np.concatenate(apart, 1))


@given(cases())
def test_shifting_the_input_by_a_stride_shifts_the_output_by_one(case: Case) -> None:
    bare = case._replace(padding=(0, 0, 0, 0))
    whole = bare.convolve()
    down, right = case.stride
    if whole.shape[2] > 1:
        np.testing.assert_array_equal(bare.convolve(case.x[:, :, down:]), whole[:, :, 1:])
    if whole.shape[3] > 1:
        np.testing.assert_array_equal(bare.convolve(case.x[..., right:]), whole[..., 1:])


@given(cases())
def test_padding_is_what_padding_first_would_give(case: Case) -> None:
    top, left, bottom, right = case.padding
    mode: Any = {"zeros": "constant", "replicate": "edge", "circular": "wrap"}.get(case.padding_mode, "reflect")
    padded = np.pad(case.x, ((0, 0), (0, 0), (top, bottom), (left, right)), mode)
    np.testing.assert_array_equal(case.convolve(), case._replace(padding=(0, 0, 0, 0)).convolve(padded))


@given(cases(), st.integers(0, 3000))
@settings(max_examples=100)
def test_the_size_of_blocks_changes_no_bit(case: Case, workspace_bytes: int) -> None:
    kernel, channels = case.weight.shape[2:], (case.x.shape[1], case.weight.shape[0])
    layer = Conv2d(
        *channels, kernel, case.stride, case.padding, case.dilation, case.groups, padding_mode=case.padding_mode
    )
    whole, blocked = (
        plan_convolution(
            geometry_of(layer, case.x.shape),
            padding_mode=case.padding_mode,
            dtype=case.x.dtype.name,
            algorithm="im2col",
            workspace_bytes=size,
        )
        for size in (1 << 20, workspace_bytes)
    )
    parameters = Parameters(case.weight, case.bias)
    assert Execution(blocked)(case.x, parameters).tobytes() == Execution(whole)(case.x, parameters).tobytes()
