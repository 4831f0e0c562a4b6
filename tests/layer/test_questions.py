"""What a layer can be asked: each answer does it, by the facts of the layer, and nothing less does."""

from __future__ import annotations

from contextlib import suppress
from math import gcd
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli import Conv2d, ShapeError, analyze
from conv2d_cli.arithmetic.window import Axis
from conv2d_cli.dtypes import DTYPES
from conv2d_cli.layer.asked import Asked, Solved, UnsolvableError
from conv2d_cli.layer.questions import QUESTIONS

if TYPE_CHECKING:
    from collections.abc import Callable

pairs = st.tuples(st.integers(1, 5), st.integers(1, 5))
shapes = st.tuples(st.integers(1, 3), st.just(4), st.integers(1, 20), st.integers(1, 20))
layers = st.builds(
    Conv2d,
    st.just(4),
    st.sampled_from([2, 4, 6]),
    pairs,
    stride=pairs,
    padding=st.tuples(*(st.integers(0, 3),) * 4),
    dilation=pairs,
    groups=st.sampled_from([1, 2]),
    bias=st.booleans(),
    dtype=st.sampled_from([None, "float16", "float64"]),
)


def answers(question: str, layer: Conv2d, shape: tuple[int, ...] | None = None, **value: Any) -> list[Solved]:
    return [*QUESTIONS[question].answers(Asked(layer, shape, **value))]


WANTED: dict[str, Callable[[int], int]] = {"same-size": lambda size: size, "half-size": lambda size: -(-size // 2)}


@pytest.mark.parametrize("question", WANTED)
@given(layer=layers, shape=shapes)
def test_the_padding_for_an_output_is_the_least(question: str, layer: Conv2d, shape: tuple[int, ...]) -> None:
    outputs = tuple(map(WANTED[question], shape[-2:]))
    axes = [
        [Axis(size, *window, 0, both) for both in range(200)]
        for size, window in zip(shape[-2:], Asked(layer, shape).windows, strict=True)
    ]
    fitting = [
        [axis.after for axis in axis if axis.output == output] for axis, output in zip(axes, outputs, strict=True)
    ]
    try:
        (solved,) = answers(question, layer, shape)
    except UnsolvableError:
        # A stride of 2 is what the hint says.
        assert not all(fitting)
        assert answers(question, layer.model_copy(update={"stride": 2}), shape)
        return
    report = analyze(solved.layer, shape)
    assert report.output_shape is not None
    assert report.output_shape[-2:] == outputs
    sides = ((report.padding_top, report.padding_bottom), (report.padding_left, report.padding_right))
    for (before, after), both in zip(sides, fitting, strict=True):
        assert before is not None
        assert after is not None
        assert before + after == next((one for one in both if one % 2 == 0), both[0])
        assert after - before in {0, 1}


@given(layers, shapes)
def test_without_a_size_it_is_right_for_every_one(layer: Conv2d, shape: tuple[int, ...]) -> None:
    (kept,) = answers("same-size", layer.model_copy(update={"stride": 1}))
    assert analyze(kept.layer, shape).output_shape == (shape[0], layer.out_channels, *shape[2:])
    (halved,) = answers("half-size", layer.model_copy(update={"stride": 2}))
    even = (*shape[:2], 2 * shape[2], 2 * shape[3])
    assert analyze(halved.layer, even).output_shape == (shape[0], layer.out_channels, *shape[2:])


@given(layers, shapes)
def test_tensorflow_same_is_same_upper_in_numbers(layer: Conv2d, shape: tuple[int, ...]) -> None:
    (solved,) = answers("tensorflow-same", layer, shape)
    named = analyze(layer.model_copy(update={"padding": "same_upper"}), shape)
    assert analyze(solved.layer, shape)._replace(padding="") == named._replace(padding="")


@given(layers, shapes, st.sampled_from(["", "same_upper", "same_lower"]), st.sampled_from(["zeros", "reflect"]))
def test_inputs_without_unused_rows_are_the_nearest(
    layer: Conv2d, shape: tuple[int, ...], word: str, mode: str
) -> None:
    layer = layer.model_copy(update={"padding_mode": mode, **({"padding": word} if word else {})})
    found = answers("no-unused", layer, shape)
    assert 1 <= len(found) <= 2
    for solved in found:
        assert solved.input_shape is not None
        report = analyze(layer, solved.input_shape)
        assert (report.unused_rows, report.unused_columns) == (0, 0)
    if len(found) == 2:
        below, above = (solved.input_shape or () for solved in found)
        for between in range(below[-2] + 1, above[-2]):
            # A size that is between both is the one given, or leaves rows unused.
            assert analyze(layer, (*shape[:2], between, above[-1])).unused_rows


@given(layers, st.tuples(st.integers(1, 20), st.integers(1, 20)))
def test_the_dilation_of_a_receptive_field(layer: Conv2d, field: tuple[int, int]) -> None:
    try:
        (solved,) = answers("receptive-field", layer, pixels=field)
    except UnsolvableError as error:
        near = [text.partition("=")[2] for text in (error.hint or "").split(" or ")]
        assert near
        for text in near:
            sizes = [int(size) for size in text.split("x")]
            assert answers("receptive-field", layer, pixels=(sizes[0], sizes[-1]))
        return
    assert analyze(solved.layer).receptive_field == field


def bytes_of(layer: Conv2d, shape: tuple[int, ...]) -> int:
    report = analyze(layer, shape)
    assert report.input_bytes is not None
    assert report.output_bytes is not None
    return report.input_bytes + report.output_bytes + report.parameter_bytes


@given(layers, shapes, st.integers(0, 10**6))
def test_the_largest_batch_fits_and_one_more_does_not(layer: Conv2d, shape: tuple[int, ...], budget: int) -> None:
    try:
        (solved,) = answers("batch", layer, shape, budget=budget)
    except UnsolvableError as error:
        needed = int((error.hint or "").partition("=")[2])
        assert needed == bytes_of(layer, (1, *shape[1:])) > budget
        return
    except ShapeError:
        # The image is smaller than its window.
        return
    assert solved.input_shape is not None
    count = solved.input_shape[0]
    assert bytes_of(layer, solved.input_shape) <= budget < bytes_of(layer, (count + 1, *shape[1:]))


@given(layers, st.integers(1, 3), st.integers(0, 10**6))
def test_the_largest_image_fits_and_a_larger_one_does_not(layer: Conv2d, batch: int, budget: int) -> None:
    try:
        (solved,) = answers("image", layer, (batch, 4, 1, 1), budget=budget)
    except UnsolvableError as error:
        needed = int((error.hint or "").partition("=")[2])
        assert budget < needed <= bytes_of(layer, (batch, 4, 40, 40))
        return
    assert solved.input_shape is not None
    side = solved.input_shape[-1]
    assert solved.input_shape == (batch, 4, side, side)
    assert bytes_of(layer, solved.input_shape) <= budget < bytes_of(layer, (batch, 4, side + 1, side + 1))


@pytest.mark.parametrize("mode", ["reflect", "circular"])
@pytest.mark.parametrize("padding", [3, "same", "same_upper"])
def test_an_image_that_is_padded_with_itself_is_large_enough(mode: Any, padding: Any) -> None:
    layer = Conv2d(1, 1, 7, padding=padding, padding_mode=mode, dilation=2)
    (solved,) = answers("image", layer, budget=10**5)
    assert solved.input_shape is not None
    assert bytes_of(layer, solved.input_shape) <= 10**5


@given(st.integers(1, 60), st.integers(1, 60))
def test_groups_are_all_that_divide(inputs: int, outputs: int) -> None:
    found = [solved.layer.groups for solved in answers("groups", Conv2d(inputs, outputs, 3))]
    assert found == [groups for groups in range(1, 61) if gcd(inputs, outputs) % groups == 0]


def test_bytes_are_those_of_the_dtype() -> None:
    sides = {}
    for name in ("float16", "float32", "float64"):
        (solved,) = answers("batch", Conv2d(4, 4, 3, bias=False, dtype=name), (1, 4, 8, 8), budget=10**6)
        assert solved.input_shape is not None
        sides[DTYPES[name].bytes] = solved.input_shape[0]
    assert sides[2] // 2 in {sides[4], sides[4] + 1}
    assert sides[8] < sides[4] < sides[2]


huge = st.sampled_from([1, 2, 3, 2**31, 2**62 - 1, 2**63 - 1])


@pytest.mark.parametrize("question", QUESTIONS)
@given(kernel=huge, stride=huge, dilation=huge, size=st.sampled_from([1, 2**31, 2**63, 10**20]))
def test_the_largest_numbers_have_an_answer_or_none(
    question: str, kernel: int, stride: int, dilation: int, size: int
) -> None:
    layer = Conv2d(4, 4, kernel, stride=stride, dilation=dilation)
    value = {"pixels": (size, size)} if QUESTIONS[question].value == "pixels" else {"budget": size}
    # What no layer can be is told so, and is no fault of Pydantic's.
    with suppress(ShapeError):
        assert all(analyze(one.layer, one.input_shape) for one in answers(question, layer, (1, 4, size, size), **value))
