"""Sums brought back to eight bits equal ONNX's and TFLite's arithmetic, written out over Python's integers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from integer_reference import reference_onnx, reference_tflite

from conv2d_cli import DataError, UsageError, conv2d_integer, requantize

REFERENCES = {"onnx": reference_onnx, "tflite": reference_tflite}
INT32 = st.integers(-(2**31), 2**31 - 1)
SCALES = st.floats(2**-20, 2**20, width=32)
# Sums around every half, where rounding differs, and those at the ends.
ENDS = [-(2**31), -(2**31) + 1, -(2**24) - 1, -1, 0, 1, 2**24 + 1, 2**30, 2**31 - 1]


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
@pytest.mark.parametrize("rounding", ["onnx", "tflite"])
@given(
    sums=st.lists(INT32 | st.integers(-2000, 2000), min_size=1, max_size=20),
    scales=st.tuples(*[SCALES] * 3),
    data=st.data(),
)
@example(sums=ENDS, scales=(1.0, 1.0, 1.0), data=None)
@example(sums=ENDS, scales=(1.0, 2.0**-20, 2.0**12), data=None)
@example(sums=ENDS, scales=(2.0**20, 2.0**20, 2.0**-20), data=None)
@example(sums=[*range(-700, 700, 7)], scales=(0.5, 0.5, 3.5), data=None)
@example(sums=[*range(-60, 60)], scales=(0.25, 1.0, 2.0), data=None)
@settings(max_examples=150)
def test_it_is_the_arithmetic_of_the_reference(
    rounding: Any, dtype: Any, sums: list[int], scales: tuple[float, float, float], data: st.DataObject | None
) -> None:
    bounds = np.iinfo(dtype)
    zero_point = data.draw(st.integers(int(bounds.min), int(bounds.max))) if data else 3
    array = np.array(sums, np.int32).reshape(1, 1, -1)
    found = requantize(
        *(array,),
        input_scale=scales[0],
        weight_scale=scales[1],
        output_scale=scales[2],
        output_zero_point=zero_point,
        output_dtype=dtype,
        rounding=rounding,
    )
    assert found.dtype == dtype
    assert found.ravel().tolist() == [REFERENCES[rounding](value, scales, zero_point, dtype) for value in sums]


@pytest.mark.parametrize("rounding", ["onnx", "tflite"])
def test_each_channel_has_its_scale(rounding: Any) -> None:
    sums = np.arange(-3000, 3000, dtype=np.int32).reshape(2, 3, 20, 50)
    scales = (0.1, 0.02, 3.0)
    together = requantize(sums, input_scale=0.5, weight_scale=scales, output_scale=2.0, rounding=rounding)
    for channel, scale in enumerate(scales):
        alone = requantize(sums[:, channel], input_scale=0.5, weight_scale=scale, output_scale=2.0, rounding=rounding)
        np.testing.assert_array_equal(together[:, channel], alone)
    assert len(np.unique(together)) > 100


def test_halves_go_to_even_by_onnx_and_by_tflite_up_in_its_product_and_away_from_zero_in_its_shift() -> None:
    sums = np.array([[[-5, -3, -1, 1, 3, 5]]], np.int32)
    options: Any = {"input_scale": 1.0, "weight_scale": 0.5}
    assert requantize(sums, **options, output_scale=1.0).ravel().tolist() == [-2, -2, 0, 0, 2, 2]
    # A factor of 1/2 is all product, one of 1/4 of twice the sum a product without a rest and a shift by one.
    product = requantize(sums, **options, output_scale=1.0, rounding="tflite")
    shift = requantize(2 * sums, **options, output_scale=2.0, rounding="tflite")
    assert product.ravel().tolist() == [-2, -1, 0, 1, 2, 3]
    assert shift.ravel().tolist() == [-3, -2, -1, 1, 2, 3]


def test_sums_of_64_bits_are_rounded_to_float32_first() -> None:
    sums = np.array([[[2**40 + 1, -(2**40) - 1, 2**62]]])
    found = requantize(sums, input_scale=1.0, weight_scale=2.0**-34, output_scale=1.0)
    assert found.ravel().tolist() == [64, -64, 127]


@pytest.mark.parametrize(
    ("change", "kind", "words", "hint"),
    [
        ({"input_scale": 0.0}, UsageError, "scale 0.0 of the input is not positive", "input_scale=0.1"),
        ({"output_scale": -1.0}, UsageError, "scale -1.0 of the output", "output_scale=0.1"),
        ({"weight_scale": float("nan")}, UsageError, "scale nan of the weight", "weight_scale=0.1"),
        ({"weight_scale": 1e-60}, UsageError, "scale 1e-60 of the weight", "weight_scale=0.1"),
        ({"input_scale": 1e39}, UsageError, "scale 1e.39 of the input", "input_scale=0.1"),
        ({"input_scale": 1e30, "output_scale": 1e-30}, UsageError, "0 or infinite in float32", "input_scale="),
        ({"input_scale": 1e-30, "output_scale": 1e30}, UsageError, "0 or infinite in float32", "input_scale="),
        ({"weight_scale": (1.0, 2.0)}, UsageError, "2 scales of the weight", "one for each of 3 output channels"),
        ({"output_zero_point": 128}, UsageError, "128 of the output is no value of int8", "output_zero_point=127"),
        ({"output_dtype": "int16"}, UsageError, "nothing is requantised to int16", "output_dtype=int8 or uint8"),
        ({"rounding": "torch"}, UsageError, "no rounding 'torch'", "rounding=onnx or tflite"),
        ({"sums": np.zeros((3, 2, 2), "f4")}, DataError, "these are float32", "conv2d_integer"),
        ({"sums": np.zeros((3, 2, 2), "i8"), "rounding": "tflite"}, UsageError, "is int64", "accumulate=int32"),
    ],
)
def test_what_makes_no_sense_is_told(change: dict[str, Any], kind: type[Any], words: str, hint: str) -> None:
    arguments: dict[str, Any] = {
        "sums": np.zeros((3, 2, 2), np.int32),
        "input_scale": 1.0,
        "weight_scale": 1.0,
        "output_scale": 1.0,
    }
    with pytest.raises(kind, match=words) as told:
        requantize(**(arguments | change))
    assert hint in str(told.value.hint)


# As the operators' documentation has them, typed in by hand.
# https://onnx.ai/onnx/operators/onnx__ConvInteger.html
X = np.array([2, 3, 4, 5, 6, 7, 8, 9, 10], np.uint8).reshape(1, 1, 3, 3)


def test_the_examples_of_conv_integer() -> None:
    without = conv2d_integer(X, np.ones((1, 1, 2, 2), np.uint8), input_zero_point=1)
    assert without.tolist() == [[[[12, 16], [24, 28]]]]
    padded = conv2d_integer(
        *(X, np.ones((2, 1, 2, 2), np.uint8)), padding=1, input_zero_point=1, weight_zero_point=(0, 1)
    )
    first = [[1, 3, 5, 3], [5, 12, 16, 9], [11, 24, 28, 15], [7, 15, 17, 9]]
    assert padded.tolist() == [[first, np.zeros((4, 4), int).tolist()]]
    assert padded.dtype == np.int32


# https://onnx.ai/onnx/operators/onnx__QLinearConv.html
QLINEAR_X = [
    [255, 174, 162, 25, 203, 168, 58],
    [15, 59, 237, 95, 129, 0, 64],
    [56, 242, 153, 221, 168, 12, 166],
    [232, 178, 186, 195, 237, 162, 237],
    [188, 39, 124, 77, 80, 102, 43],
    [127, 230, 21, 83, 41, 40, 134],
    [255, 154, 92, 141, 42, 148, 247],
]
QLINEAR_Y = [
    [0, 81, 93, 230, 52, 87, 197],
    [240, 196, 18, 160, 126, 255, 191],
    [199, 13, 102, 34, 87, 243, 89],
    [23, 77, 69, 60, 18, 93, 18],
    [67, 216, 131, 178, 175, 153, 212],
    [128, 25, 234, 172, 214, 215, 121],
    [0, 101, 163, 114, 213, 107, 8],
]


def test_the_example_of_qlinear_conv() -> None:
    x, weight = np.array([[QLINEAR_X]], np.uint8), np.zeros((1, 1, 1, 1), np.uint8)
    sums = conv2d_integer(x, weight, input_zero_point=132, weight_zero_point=255)
    found = requantize(
        sums,
        input_scale=0.00369204697,
        weight_scale=0.00172794575,
        output_scale=0.00162681262,
        output_zero_point=123,
        output_dtype="uint8",
    )
    assert found.tolist() == [[QLINEAR_Y]]
