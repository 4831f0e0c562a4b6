"""A layer and the shapes of its parameters."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.errors import DataError, LayerError
from conv2d_cli.layer.from_weight import check_bias, check_weight, layer_of_weight
from conv2d_cli.layer.model import Conv2d

FOUR_AXES = "a weight has four axes, none of them empty: out_channels, in_channels / groups, kernel height and width"


def test_channels_and_kernel_come_from_the_weight() -> None:
    assert layer_of_weight((8, 3, 5, 7), {}) == Conv2d(3, 8, (5, 7))
    assert layer_of_weight([8, 3, 5, 7], {"groups": 2, "stride": 2, "bias": False}) == Conv2d(
        6, 8, (5, 7), 2, groups=2, bias=False
    )


@given(st.integers(1, 5), st.integers(1, 5), st.integers(1, 5), st.tuples(*[st.integers(1, 5)] * 2))
def test_a_layer_is_found_again_from_its_weight(groups: int, inner: int, outer: int, kernel: tuple[int, int]) -> None:
    layer = Conv2d(inner * groups, outer * groups, kernel, groups=groups)
    shape = (outer * groups, inner, *kernel)
    assert layer_of_weight(shape, {"groups": groups}) == layer
    check_weight(layer, shape)
    check_bias(layer, (outer * groups,))


@pytest.mark.parametrize("shape", [(), (3,), (8, 3, 3), (8, 3, 3, 3, 3), (0, 3, 3, 3), (8, 3, 0, 3)])
def test_what_is_no_weight_is_refused(shape: tuple[int, ...]) -> None:
    for check in (lambda: layer_of_weight(shape, {}), lambda: check_weight(Conv2d(3, 8, 3), shape)):
        with pytest.raises(DataError) as caught:
            check()
        assert caught.value.message == f"a weight of size {list(shape)} is no Conv2d weight"
        assert caught.value.hint == FOUR_AXES


def test_groups_that_do_not_divide_the_weight_are_the_weight_s_fault() -> None:
    with pytest.raises(DataError) as caught:
        layer_of_weight((6, 2, 3, 3), {"groups": 4})
    assert caught.value.message == (
        "a weight of size [6, 2, 3, 3] does not fit the layer: "
        "groups=4: 4 groups do not divide out_channels=6 (torch: out_channels must be divisible by groups)"
    )
    assert caught.value.hint == "groups=1 or 2"


@pytest.mark.parametrize(
    ("arguments", "fields"),
    [
        ({"stride": 0}, ["stride"]),
        ({"groups": 0, "dilation": 0}, ["dilation", "groups"]),
        ({"groups": "x"}, ["groups"]),
    ],
)
def test_faults_of_the_other_arguments_are_told_as_such(arguments: dict[str, Any], fields: list[str]) -> None:
    with pytest.raises(LayerError) as caught:
        layer_of_weight((6, 2, 3, 3), arguments)
    assert [fault.field for fault in caught.value.faults] == fields


@pytest.mark.parametrize(
    ("shape", "hint"),
    [
        ((6, 2, 3, 3), "groups=2 fits this weight"),
        ((6, 1, 3, 3), "this weight takes 1 input channels a group"),
        ((6, 3, 3, 3), "this weight takes 3 input channels a group"),
        ((5, 2, 3, 3), "this weight takes 2 input channels a group"),
        ((5, 4, 3, 3), "out_channels=5 fits this weight"),
        ((5, 4, 1, 3), "out_channels=5, kernel_size=(1, 3) fits this weight"),
        ((6, 4, 3, 5), "kernel_size=(3, 5) fits this weight"),
    ],
)
def test_a_weight_of_another_layer_is_refused(shape: tuple[int, ...], hint: str | None) -> None:
    with pytest.raises(DataError) as caught:
        check_weight(Conv2d(4, 6, 3), shape)
    assert caught.value.message == (
        f"the layer needs a weight of size [6, 4, 3, 3], but this one is of size {list(shape)}"
    )
    assert caught.value.hint == hint


@pytest.mark.parametrize("shape", [(), (5,), (6, 1), (1, 6)])
def test_a_bias_has_one_element_for_each_output_channel(shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError) as caught:
        check_bias(Conv2d(4, 6, 3), shape)
    assert caught.value.message == (
        f"expected bias to be 1-dimensional with 6 elements, but got bias of size {list(shape)} instead"
    )
    assert caught.value.hint == "a bias has the shape (6,)"
