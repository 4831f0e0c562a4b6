"""A layer on an input: torch's checks, in torch's order and words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.errors import ShapeError
from conv2d_cli.layer.forward import geometry_of, padding_sides
from conv2d_cli.layer.rules import LayerValues, layer_values


def layer(**arguments: Any) -> LayerValues:
    return layer_values(**{"in_channels": 4, "out_channels": 6, "kernel_size": 3} | arguments)


def refusal(given_layer: LayerValues, shape: Any) -> tuple[str, str | None]:
    with pytest.raises(ShapeError) as caught:
        geometry_of(given_layer, shape)
    return caught.value.message, caught.value.hint


def test_the_geometry_of_a_batch_and_of_one_image() -> None:
    geometry = geometry_of(layer(stride=(2, 1), padding=(1, 0), dilation=(1, 2), groups=2), (5, 4, 8, 9))
    assert geometry.batched_output_shape == (5, 6, 4, 5)
    assert geometry[:4] == (5, 4, 6, 2)
    assert (geometry.height, geometry.width) == ((8, 3, 2, 1, 1, 1), (9, 3, 1, 2, 0, 0))
    assert geometry_of(layer(), (4, 8, 9)) == geometry_of(layer(), (1, 4, 8, 9))
    assert geometry_of(layer(), [*np.array([1, 4, 8, 9])]) == geometry_of(layer(), [1, 4, 8, 9])
    assert geometry_of(layer(), (0, 4, 8, 9)).batched_output_shape == (0, 6, 6, 7)
    assert geometry_of(layer(), (10**100, 4, 8, 9)).batch == 10**100


@pytest.mark.parametrize(
    ("padding", "rows", "columns"),
    [
        ((1, 2), (1, 1), (2, 2)),
        ((1, 2, 3, 4), (1, 3), (2, 4)),
        ("valid", (0, 0), (0, 0)),
        ("same", (1, 2), (2, 2)),
        ("same_upper", (0, 1), (1, 2)),
        ("same_lower", (1, 0), (2, 1)),
    ],
)
def test_the_sides_of_every_padding(padding: Any, rows: tuple[int, int], columns: tuple[int, int]) -> None:
    stride = (1, 1) if padding == "same" else (3, 2)
    given_layer = layer(kernel_size=(4, 3), dilation=(1, 2), stride=stride, padding=padding)
    assert padding_sides(given_layer, 9, 8) == (rows, columns)
    unknown = None if padding in {"same_upper", "same_lower"} else rows
    assert padding_sides(given_layer)[0] == unknown
    geometry = geometry_of(given_layer, (1, 4, 9, 8))
    assert (geometry.height.before, geometry.height.after) == rows
    assert (geometry.width.before, geometry.width.after) == columns


@pytest.mark.parametrize(
    "shape", [(1, 4, -1, 8), (1, 4, True, 8), (1, 4, 8.0, 8), (1, 4, "8", 8), (1, 4, 10**100 + 1, 8)]
)
def test_what_is_no_size_is_refused(shape: Any) -> None:
    message, hint = refusal(layer(), shape)
    assert message.endswith(" is no size of an input")
    assert hint == "sizes are integers from 0 to 10^100"


@pytest.mark.parametrize("shape", [(), (4,), (8, 9), (1, 1, 4, 8, 9)])
def test_inputs_of_other_dimensions_are_refused(shape: tuple[int, ...]) -> None:
    message = f"Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: {list(shape)}"
    hint = "give 4,H,W for one image without a batch, or N,4,H,W"
    assert refusal(layer(), shape) == (message, hint)
    padded = f"Padding size 4 is not supported for {len(shape)}D input tensor. {message}"
    assert refusal(layer(padding_mode="reflect"), shape) == (padded, hint)


def test_channels_must_be_the_layer_s() -> None:
    hint = "this layer takes 4 channels: N,4,H,W or 4,H,W"
    tail = "to have 4 channels, but got 3 channels instead"
    assert refusal(layer(groups=2), (2, 3, 8, 9)) == (
        f"Given groups=2, weight of size [6, 2, 3, 3], expected input[2, 3, 8, 9] {tail}",
        hint,
    )
    assert refusal(layer(), (3, 8, 9))[0] == (
        f"Given groups=1, weight of size [6, 4, 3, 3], expected input[1, 3, 8, 9] {tail}"
    )
    # torch pads first and counts what it then has.
    assert refusal(layer(padding=(1, 2), padding_mode="reflect"), (3, 8, 9))[0] == (
        f"Given groups=1, weight of size [6, 4, 3, 3], expected input[1, 3, 10, 13] {tail}"
    )
    assert refusal(layer(padding=(1, 2)), (3, 8, 9))[0] == (
        f"Given groups=1, weight of size [6, 4, 3, 3], expected input[1, 3, 8, 9] {tail}"
    )


@pytest.mark.parametrize(
    ("arguments", "shape", "sizes", "least"),
    [
        ({}, (1, 4, 2, 9), ("(2 x 9)", "(3 x 3)"), "3x3"),
        ({}, (1, 4, 9, 2), ("(9 x 2)", "(3 x 3)"), "3x3"),
        ({"dilation": (2, 1), "padding": 1}, (1, 4, 2, 9), ("(4 x 11)", "(5 x 3)"), "3x1"),
        ({"kernel_size": (1, 9), "padding": 2}, (0, 4, 0, 4), ("(4 x 8)", "(1 x 9)"), "1x5"),
    ],
)
def test_the_window_must_fit(arguments: Any, shape: Any, sizes: tuple[str, str], least: str) -> None:
    message, hint = refusal(layer(**arguments), shape)
    assert message == (
        f"Calculated padded input size per channel: {sizes[0]}. Kernel size: {sizes[1]}. "
        "Kernel size can't be greater than actual input size"
    )
    assert hint == f"with this padding the image must be at least {least}"


@given(st.tuples(*[st.integers(1, 6)] * 2), st.tuples(*[st.integers(0, 3)] * 2), st.tuples(*[st.integers(1, 4)] * 2))
def test_the_least_image_that_is_hinted_fits(kernel: Any, padding: Any, dilation: Any) -> None:
    given_layer = layer(kernel_size=kernel, padding=padding, dilation=dilation)
    _, hint = refusal(given_layer, (1, 4, 0, 0))
    assert hint is not None
    if hint == "height and width must be 1 or more":
        return
    least = [int(size) for size in hint.rpartition(" ")[2].split("x")]
    assert min(geometry_of(given_layer, (1, 4, *least)).batched_output_shape) >= 1
    for place, size in enumerate(least):
        smaller = [1, 4, *least]
        smaller[2 + place] = size - 1
        if size > 1:
            refusal(given_layer, smaller)


def test_empty_images_are_refused_but_not_empty_batches() -> None:
    assert refusal(layer(padding=2), (2, 4, 0, 9)) == (
        "Only zero batch or zero channel inputs are supported, but got input shape: [2, 4, 0, 9]",
        "height and width must be 1 or more",
    )
    assert refusal(layer(padding=2), (4, 9, 0))[0].endswith("but got input shape: [1, 4, 9, 0]")
    assert geometry_of(layer(padding=2), (0, 4, 0, 9)).batched_output_shape == (0, 6, 2, 11)


@pytest.mark.parametrize("mode", ["reflect", "replicate"])
@pytest.mark.parametrize("shape", [(1, 4, 0, 5), (1, 4, 5, 0), (4, 0, 5), (1, 0, 5, 5)])
def test_modes_that_repeat_need_something_to_repeat(mode: str, shape: tuple[int, ...]) -> None:
    assert refusal(layer(padding=1, padding_mode=mode), shape) == (
        (
            "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for "
            f"input, but got: {list(shape)}"
        ),
        "channels, height and width must be 1 or more",
    )


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
def test_an_empty_batch_is_padded_too(mode: str) -> None:
    given_layer = layer(padding=1, padding_mode=mode)
    assert geometry_of(given_layer, (0, 4, 5, 5)).batched_output_shape == (0, 6, 5, 5)


@pytest.mark.parametrize(
    ("padding", "shape", "argument", "sides", "dimension", "most"),
    [
        (5, (1, 4, 5, 5), 4, (5, 5), 3, 4),
        ((5, 1), (1, 4, 5, 5), 6, (5, 5), 2, 4),
        ((5, 1), (4, 5, 5), 6, (5, 5), 1, 4),
        ((1, 5), (4, 5, 5), 4, (5, 5), 2, 4),
        ((0, 0, 0, 7), (1, 4, 9, 6), 4, (0, 7), 3, 5),
        ((0, 7, 0, 0), (1, 4, 9, 7), 4, (7, 0), 3, 6),
    ],
)
def test_reflection_must_be_shorter_than_the_image(
    padding: Any, shape: Any, argument: int, sides: tuple[int, int], dimension: int, most: int
) -> None:
    assert refusal(layer(padding=padding, padding_mode="reflect"), shape) == (
        (
            f"Argument #{argument}: Padding size should be less than the corresponding input dimension, "
            f"but got: padding {sides} at dimension {dimension} of input {list(shape)}"
        ),
        f"pad with at most {most} there, or use padding_mode=replicate, which has no limit",
    )
    assert geometry_of(layer(padding=padding, padding_mode="replicate"), shape)


@pytest.mark.parametrize("padding", [(6, 1), (1, 7), (0, 0, 6, 0), (0, 0, 0, 7)])
def test_wrapping_goes_around_once_at_most(padding: Any) -> None:
    assert refusal(layer(padding=padding, padding_mode="circular"), (1, 4, 5, 6)) == (
        "Padding value causes wrapping around more than once. The input is 5 x 6",
        "pad with at most 5 rows and 6 columns, or use padding_mode=replicate, which has no limit",
    )


def test_the_limits_themselves_are_allowed() -> None:
    assert geometry_of(layer(padding=(4, 5), padding_mode="reflect"), (1, 4, 5, 6))
    assert geometry_of(layer(padding=(5, 6), padding_mode="circular"), (1, 4, 5, 6))


def test_padding_is_judged_before_channels_and_channels_before_the_window() -> None:
    assert refusal(layer(padding=9, padding_mode="circular"), (1, 3, 2, 2))[0].startswith("Padding value")
    assert refusal(layer(), (1, 3, 2, 2))[0].startswith("Given groups=1")
    assert refusal(layer(), (1, 4, 0, 2))[0].startswith("Calculated padded input size")
