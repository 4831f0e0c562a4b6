"""Hints: what they offer is accepted."""

from __future__ import annotations

import pytest
from hinted import offers_of
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.layer import hints
from conv2d_cli.layer.forward import geometry_of
from conv2d_cli.layer.hints import groups_that_fit, instead_of_same, pair
from conv2d_cli.layer.model import Conv2d, layer_from

pairs = st.tuples(st.integers(1, 7), st.integers(1, 7))


def test_pairs_are_written_as_in_python() -> None:
    assert pair((3, 3)) == "3"
    assert pair((3, 5)) == "(3, 5)"
    assert pair((1, 1, 1, 1)) == "1"
    assert pair((1, 2, 3, 4)) == "(1, 2, 3, 4)"


def test_of_many_groups_the_nearest_are_offered() -> None:
    # 5,040 has 60 divisors.
    assert groups_that_fit([5040, 5040], 11) == "groups=1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 15, 16, 18 or 20"
    offered = [value for _, value in offers_of(groups_that_fit([5040, 5040], 5000))]
    assert len(offered) == 16
    assert offered[-1] == 5040
    assert groups_that_fit([2**15, 2**15], 3).count(",") == 14
    assert groups_that_fit([2**15, 2**15], 3).endswith("16384 or 32768")
    assert groups_that_fit([2**16, 2**16], 3).endswith("16384 or 32768")
    assert groups_that_fit([12], 5) == "groups=1, 2, 3, 4, 6 or 12"


@pytest.mark.parametrize("field", hints.EXAMPLES)
def test_every_example_is_accepted(field: str) -> None:
    offers = offers_of(hints.example(field, object()))
    assert offers
    for name, value in offers:
        assert name == field
        layer_from({"in_channels": 4, "out_channels": 6, "kernel_size": 3} | {name: value})


@pytest.mark.parametrize(
    ("field", "value", "hint"),
    [
        ("stride", 3.0, "stride=3"),
        ("stride", "3.", "stride=3"),
        ("stride", " 3 ", "stride=3"),
        ("stride", (1, "2.0"), "stride=(1, 2)"),
        ("stride", -2.0, "stride=1"),
        ("padding", -2.0, "padding=0"),
        ("padding", [1, 2.0, 3, 4.0], "padding=(1, 2, 3, 4)"),
        ("stride", 1.5, hints.EXAMPLES["stride"]),
        ("stride", "--3", hints.EXAMPLES["stride"]),
        ("stride", "", hints.EXAMPLES["stride"]),
        ("stride", "\u0663", hints.EXAMPLES["stride"]),
    ],
)
def test_whole_numbers_that_were_meant(field: str, value: object, hint: str) -> None:
    assert hints.whole(field, value) == hint


@pytest.mark.parametrize(
    ("value", "channels", "hint"),
    [
        (3.0, (6, 9), "groups=3"),
        ("2", (4, 6), "groups=2"),
        (3.0, (6, 8), "groups=1"),
        (3.0, (6, "9"), "groups=1"),
        (0.0, (6, 9), "groups=1"),
        ("-3.0", (6, 9), "groups=1"),
        ("two", (6, 8), "groups=1"),
    ],
)
def test_groups_that_were_meant_are_offered_where_they_divide_the_channels(
    value: object, channels: tuple[object, object], hint: str
) -> None:
    assert hints.whole_groups(value, channels) == hint


@given(pairs, pairs)
def test_the_padding_offered_for_same_keeps_the_size_at_stride_1(
    kernel: tuple[int, int], dilation: tuple[int, int]
) -> None:
    hint = instead_of_same(kernel, (2, 2), dilation)
    effective = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    assert (hints.SAME_UPPER in hint) == any(size % 2 == 0 for size in effective)
    if hints.SAME_UPPER not in hint:
        ((field, padding),) = offers_of(hint)
        layer = layer_from(
            {"in_channels": 1, "out_channels": 1, "kernel_size": kernel, "dilation": dilation, field: padding}
        )
        assert geometry_of(layer, (1, 1, 50, 60)).batched_output_shape == (1, 1, 50, 60)


@given(pairs, pairs, pairs)
def test_the_four_paddings_offered_are_same_upper_where_the_stride_divides_the_size(
    kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int]
) -> None:
    hint = instead_of_same(kernel, stride, dilation)
    if hints.SAME_UPPER not in hint:
        return
    shape = (1, 1, 12 * stride[0], 13 * stride[1])
    arguments = {"in_channels": 1, "out_channels": 1, "kernel_size": kernel, "stride": stride, "dilation": dilation}
    first, second = offers_of(hint)
    assert (first[0], second[0]) == ("padding", "padding")
    named, numbered = (layer_from(arguments | {field: padding}) for field, padding in (first, second))
    assert named == Conv2d(1, 1, kernel, stride, "same_upper", dilation)
    assert geometry_of(named, shape) == geometry_of(numbered, shape)
