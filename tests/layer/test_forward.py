"""A layer on an input: torch's checks, in torch's order and words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hinted import offers_of
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.errors import ShapeError
from conv2d_cli.layer.forward import geometry_of, padding_sides
from conv2d_cli.layer.model import Conv2d

OTHER_INPUT = "give an image of 4 channels that is no smaller than its window"


def layer(**arguments: Any) -> Conv2d:
    return Conv2d(**{"in_channels": 4, "out_channels": 6, "kernel_size": 3} | arguments)


def refusal(given_layer: Conv2d, shape: Any) -> tuple[str, str | None]:
    with pytest.raises(ShapeError) as caught:
        geometry_of(given_layer, shape)
    return caught.value.message, caught.value.hint


def size_of(hint: str | None) -> tuple[int, ...]:
    """Return the size that a hint offers, which must be its only offer."""
    ((field, value),) = offers_of(hint)
    assert field == "input_shape"
    return tuple(int(size) for size in str(value).split("x"))


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
    assert hint == "sizes are whole numbers from 0 to 10^100"


@pytest.mark.parametrize("shape", [(), (4,), (8, 9), (1, 1, 4, 8, 9)])
def test_inputs_of_other_dimensions_are_refused(shape: tuple[int, ...]) -> None:
    torch = f"Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: {list(shape)}"
    plain = f"an input has 3 axes (C, H, W) or 4 (N, C, H, W), not {len(shape)}"
    hint = "input_shape=4x224x224 (unbatched), or input_shape=8x4x224x224"
    assert refusal(layer(), shape) == (f"{plain} (torch: {torch})", hint)
    padded = f"{plain} (torch: Padding size 4 is not supported for {len(shape)}D input tensor. {torch})"
    assert refusal(layer(padding_mode="reflect"), shape) == (padded, hint)
    assert [geometry_of(layer(), [*map(int, str(size).split("x"))]).batch for _, size in offers_of(hint)] == [1, 8]


def test_channels_must_be_the_layer_s() -> None:
    plain = "the layer takes 4 channels, the input has 3"
    tail = "to have 4 channels, but got 3 channels instead)"
    assert refusal(layer(groups=2), (2, 3, 8, 9)) == (
        f"{plain} (torch: Given groups=2, weight of size [6, 2, 3, 3], expected input[2, 3, 8, 9] {tail}",
        "input_shape=2x4x8x9",
    )
    assert refusal(layer(), (3, 8, 9)) == (
        f"{plain} (torch: Given groups=1, weight of size [6, 4, 3, 3], expected input[1, 3, 8, 9] {tail}",
        "input_shape=4x8x9",
    )
    # torch pads first and counts what it then has.
    assert refusal(layer(padding=(1, 2), padding_mode="reflect"), (3, 8, 9))[0] == (
        f"{plain} (torch: Given groups=1, weight of size [6, 4, 3, 3], expected input[1, 3, 10, 13] {tail}"
    )
    assert refusal(layer(padding=(1, 2)), (3, 8, 9))[0] == (
        f"{plain} (torch: Given groups=1, weight of size [6, 4, 3, 3], expected input[1, 3, 8, 9] {tail}"
    )


@pytest.mark.parametrize(
    ("arguments", "shape", "hint"),
    [
        ({}, (1, 3, 8, 9), "in_channels=3"),
        ({"groups": 2}, (2, 6, 8, 9), "in_channels=6"),
        ({"groups": 2}, (2, 3, 8, 9), OTHER_INPUT),
        ({}, (0, 8, 9), OTHER_INPUT),
        ({}, (1, 4, 2, 9), "padding=(1, 0)"),
        ({"padding_mode": "reflect"}, (1, 4, 2, 9), "kernel_size=(2, 3)"),
        ({"dilation": (2, 1), "padding": 1}, (1, 4, 2, 9), "padding=(2, 1)"),
        ({"kernel_size": (1, 9), "padding": 2}, (0, 4, 0, 4), OTHER_INPUT),
        (
            {"padding": 5, "padding_mode": "reflect"},
            (1, 4, 5, 5),
            "padding=4, or padding_mode='replicate', which has no limit",
        ),
        ({}, (8, 9), "a tensor of 3 or 4 axes; numpy.reshape adds axes of 1"),
    ],
)
def test_of_an_input_that_is_what_it_is_the_layer_is_mended(arguments: Any, shape: Any, hint: str) -> None:
    with pytest.raises(ShapeError) as caught:
        geometry_of(layer(**arguments), shape)
    assert caught.value.layer_hint == hint
    for field, value in offers_of(hint):
        assert geometry_of(layer(**arguments | {field: value}), shape)


@pytest.mark.parametrize(
    ("arguments", "shape", "plain", "sizes", "hint"),
    [
        ({}, (1, 4, 2, 9), ("3x3", "2x9"), ("(2 x 9)", "(3 x 3)"), "input_shape=1x4x3x9"),
        ({}, (1, 4, 9, 2), ("3x3", "9x2"), ("(9 x 2)", "(3 x 3)"), "input_shape=1x4x9x3"),
        (
            *({"dilation": (2, 1), "padding": 1}, (1, 4, 2, 9)),
            *(("5x3", "4x11"), ("(4 x 11)", "(5 x 3)"), "input_shape=1x4x3x9"),
        ),
        (
            *({"kernel_size": (1, 9), "padding": 2}, (0, 4, 0, 4)),
            *(("1x9", "4x8"), ("(4 x 8)", "(1 x 9)"), "input_shape=0x4x1x5"),
        ),
        ({"kernel_size": (5, 1)}, (4, 2, 8), ("5x1", "2x8"), ("(2 x 8)", "(5 x 1)"), "input_shape=4x5x8"),
    ],
)
def test_the_window_must_fit(
    arguments: Any, shape: Any, plain: tuple[str, str], sizes: tuple[str, str], hint: str
) -> None:
    message, hinted = refusal(layer(**arguments), shape)
    assert message == (
        f"the kernel spans {plain[0]}, the padded input only {plain[1]} (torch: Calculated padded input size per "
        f"channel: {sizes[0]}. Kernel size: {sizes[1]}. Kernel size can't be greater than actual input size)"
    )
    assert hinted == hint
    assert geometry_of(layer(**arguments), size_of(hint))


@given(st.tuples(*[st.integers(1, 6)] * 2), st.tuples(*[st.integers(0, 3)] * 2), st.tuples(*[st.integers(1, 4)] * 2))
def test_the_least_image_that_is_hinted_fits(kernel: Any, padding: Any, dilation: Any) -> None:
    given_layer = layer(kernel_size=kernel, padding=padding, dilation=dilation)
    _, hint = refusal(given_layer, (1, 4, 0, 0))
    least = size_of(hint)
    assert min(geometry_of(given_layer, least).batched_output_shape) >= 1
    for place in (2, 3):
        smaller = [*least]
        smaller[place] -= 1
        refusal(given_layer, smaller)


misfits = (
    st.sampled_from(["zeros", "reflect", "replicate", "circular"]),
    st.tuples(*[st.integers(1, 4)] * 2),
    st.tuples(*[st.integers(0, 4)] * 4),
    st.integers(1, 3),
    st.lists(st.integers(0, 5), min_size=3, max_size=4),
)


def judged(mode: Any, kernel: Any, padding: Any, dilation: int, shape: list[int]) -> tuple[Any, ShapeError | None]:
    """Return the layer's arguments, and why it cannot take the shape; None where it can."""
    arguments = {"kernel_size": kernel, "padding": padding, "dilation": dilation, "padding_mode": mode}
    try:
        geometry_of(layer(**arguments), shape)
    except ShapeError as error:
        return arguments, error
    return arguments, None


@given(*misfits)
def test_whatever_is_refused_its_hint_is_accepted(
    mode: Any, kernel: Any, padding: Any, dilation: int, shape: list[int]
) -> None:
    arguments, error = judged(mode, kernel, padding, dilation, shape)
    if error is None:
        return
    assert offers_of(error.hint)
    for field, value in offers_of(error.hint):
        if field == "input_shape":
            geometry_of(layer(**arguments), [int(size) for size in str(value).split("x")])
        else:
            geometry_of(layer(**arguments | {field: value}), shape)


@given(*misfits)
def test_what_a_hint_changes_of_the_layer_takes_the_input_as_it_is(
    mode: Any, kernel: Any, padding: Any, dilation: int, shape: list[int]
) -> None:
    arguments, error = judged(mode, kernel, padding, dilation, shape)
    for field, value in offers_of(None if error is None else error.layer_hint):
        # A file has the shape that it has.
        assert field != "input_shape"
        geometry_of(layer(**arguments | {field: value}), shape)


def test_empty_images_are_refused_but_not_empty_batches() -> None:
    plain = "height and width must be 1 or more"
    torch = "Only zero batch or zero channel inputs are supported, but got input shape: "
    assert refusal(layer(padding=2), (2, 4, 0, 9)) == (f"{plain} (torch: {torch}[2, 4, 0, 9])", "input_shape=2x4x1x9")
    assert refusal(layer(padding=2), (4, 9, 0)) == (f"{plain} (torch: {torch}[1, 4, 9, 0])", "input_shape=4x9x1")
    assert geometry_of(layer(padding=2), (0, 4, 0, 9)).batched_output_shape == (0, 6, 2, 11)


@pytest.mark.parametrize("mode", ["reflect", "replicate"])
@pytest.mark.parametrize(
    ("shape", "hint"),
    [
        ((1, 4, 0, 5), "input_shape=1x4x{}x5"),
        ((1, 4, 5, 0), "input_shape=1x4x5x{}"),
        ((4, 0, 5), "input_shape=4x{}x5"),
        ((1, 0, 5, 5), "input_shape=1x4x5x5"),
    ],
)
def test_modes_that_repeat_need_something_to_repeat(mode: str, shape: tuple[int, ...], hint: str) -> None:
    message, hinted = refusal(layer(padding=1, padding_mode=mode), shape)
    assert message == (
        f"channels, height and width must be 1 or more to pad with {mode} (torch: Expected 3D or 4D (batch mode) "
        f"tensor with possibly 0 batch size and other non-zero dimensions for input, but got: {list(shape)})"
    )
    # A reflection of 1 needs 2 to reflect.
    assert hinted == hint.format(2 if mode == "reflect" else 1)
    assert geometry_of(layer(padding=1, padding_mode=mode), size_of(hinted))


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
def test_an_empty_batch_is_padded_too(mode: str) -> None:
    given_layer = layer(padding=1, padding_mode=mode)
    assert geometry_of(given_layer, (0, 4, 5, 5)).batched_output_shape == (0, 6, 5, 5)


@pytest.mark.parametrize(
    ("padding", "shape", "argument", "sides", "dimension", "most", "hint"),
    [
        (5, (1, 4, 5, 5), 4, (5, 5), 3, 4, "padding=4, or "),
        ((5, 1), (1, 4, 5, 5), 6, (5, 5), 2, 4, "padding=(4, 1), or "),
        ((5, 1), (4, 5, 5), 6, (5, 5), 1, 4, "padding=(4, 1), or "),
        ((1, 5), (4, 5, 5), 4, (5, 5), 2, 4, "padding=(1, 4), or "),
        ((0, 0, 0, 7), (1, 4, 9, 6), 4, (0, 7), 3, 5, "padding=(0, 0, 0, 5), or "),
        ((0, 7, 0, 0), (1, 4, 9, 7), 4, (7, 0), 3, 6, "padding=(0, 6, 0, 0), or "),
        ((4, 4), (4, 1, 1), 4, (4, 4), 2, 0, ""),
    ],
)
def test_reflection_must_be_shorter_than_the_image(
    padding: Any, shape: Any, argument: int, sides: tuple[int, int], dimension: int, most: int, hint: str
) -> None:
    what, size = ("rows", shape[-2]) if argument == 6 else ("columns", shape[-1])
    assert refusal(layer(padding=padding, padding_mode="reflect"), shape) == (
        (
            f"reflect can pad at most {most} {what} here, not {max(sides)}: the input has {size} "
            f"(torch: Argument #{argument}: Padding size should be less than the corresponding input dimension, "
            f"but got: padding {sides} at dimension {dimension} of input {list(shape)})"
        ),
        f"{hint}padding_mode='replicate', which has no limit",
    )
    for field, value in offers_of(f"{hint}padding_mode='replicate'"):
        assert geometry_of(layer(**{"padding": padding, "padding_mode": "reflect", field: value}), shape)


@pytest.mark.parametrize(
    ("padding", "most", "hint"),
    [
        ((6, 1), "5 rows here, not 6: the input has 5", "padding=(5, 1), or "),
        ((1, 7), "6 columns here, not 7: the input has 6", "padding=(1, 6), or "),
        ((0, 0, 6, 0), "5 rows here, not 6: the input has 5", "padding=(0, 0, 5, 0), or "),
        ((0, 0, 0, 7), "6 columns here, not 7: the input has 6", "padding=(0, 0, 0, 6), or "),
    ],
)
def test_wrapping_goes_around_once_at_most(padding: Any, most: str, hint: str) -> None:
    assert refusal(layer(padding=padding, padding_mode="circular"), (1, 4, 5, 6)) == (
        f"circular can pad at most {most} (torch: Padding value causes wrapping around more than once.)",
        f"{hint}padding_mode='replicate', which has no limit",
    )
    for field, value in offers_of(f"{hint}padding_mode='replicate'"):
        assert geometry_of(layer(**{"padding": padding, "padding_mode": "circular", field: value}), (1, 4, 5, 6))


def test_the_limits_themselves_are_allowed() -> None:
    assert geometry_of(layer(padding=(4, 5), padding_mode="reflect"), (1, 4, 5, 6))
    assert geometry_of(layer(padding=(5, 6), padding_mode="circular"), (1, 4, 5, 6))


def test_padding_is_judged_before_channels_and_channels_before_the_window() -> None:
    assert refusal(layer(padding=9, padding_mode="circular"), (1, 3, 2, 2))[0].startswith("circular can pad")
    assert refusal(layer(), (1, 3, 2, 2))[0].startswith("the layer takes 4 channels")
    assert refusal(layer(), (1, 4, 0, 2))[0].startswith("the kernel spans 3x3")
