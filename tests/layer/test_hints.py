"""Hints: what they offer is accepted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.layer.forward import geometry_of
from conv2d_cli.layer.hints import (
    divisors,
    groups_that_fit,
    nearest,
    one_of,
    padding_instead_of_same,
    pair,
    same_upper_instead_of_same,
)
from conv2d_cli.layer.rules import layer_values
from conv2d_cli.layer.text import integers_of

pairs = st.tuples(st.integers(1, 7), st.integers(1, 7))


def test_lists_are_written_as_people_write_them() -> None:
    assert one_of([1]) == "1"
    assert one_of([1, 2]) == "1 or 2"
    assert one_of(iter("abc")) == "a, b or c"
    assert pair((3, 3)) == "3"
    assert pair((3, 5)) == "3,5"


@given(st.integers(1, 5000))
def test_divisors_are_all_that_divide(number: int) -> None:
    assert divisors(number) == [trial for trial in range(1, number + 1) if number % trial == 0]


def test_divisors_of_very_large_numbers_are_found_at_once() -> None:
    found = divisors(2**61)
    assert found[:17] == [2**power for power in range(17)]
    assert found[-1] == 2**61
    assert divisors(99_991**2) == [1, 99_991, 99_991**2]
    assert divisors(100_003**2) == [1, 100_003**2]


def test_of_many_groups_the_nearest_are_offered() -> None:
    # 5,040 has 60 divisors.
    assert groups_that_fit(5040, 5040, 11) == "groups=1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 15, 16, 18 or 20"
    offered = groups_that_fit(5040, 5040, 5000).removeprefix("groups=").replace(" or ", ", ").split(", ")
    assert len(offered) == 16
    assert offered[-1] == "5040"
    assert groups_that_fit(2**15, 2**15, 3).count(",") == 14
    assert groups_that_fit(2**15, 2**15, 3).endswith("16384 or 32768")
    assert groups_that_fit(2**16, 2**16, 3).endswith("16384 or 32768")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("smae", "same"),
        ("SAME", "same"),
        ("qq", None),
        ("same_uper", "same_upper or same"),
    ],
)
def test_near_names(name: str, expected: str | None) -> None:
    assert nearest(name, ("same", "valid", "same_upper")) == expected


def test_three_near_names_are_offered_at_most() -> None:
    assert nearest("same", ("same", "same1", "same2")) == "same, same2 or same1"
    assert (nearest("same", ("same", "same1", "same2", "same3", "samea")) or "").count(",") == 1


@given(pairs, pairs)
def test_the_padding_offered_for_same_keeps_the_size_at_stride_1(
    kernel: tuple[int, int], dilation: tuple[int, int]
) -> None:
    hint = padding_instead_of_same(kernel, dilation)
    effective = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    assert (hint is None) == any(size % 2 == 0 for size in effective)
    if hint is not None:
        padding = integers_of(hint.removeprefix("padding="))
        assert isinstance(padding, int | tuple)
        layer = layer_values(1, 1, kernel, 1, padding, dilation)
        assert geometry_of(layer, (1, 1, 50, 60)).batched_output_shape == (1, 1, 50, 60)


@given(pairs, pairs, pairs)
def test_the_four_paddings_offered_are_same_upper_where_the_stride_divides_the_size(
    kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int]
) -> None:
    four = integers_of(same_upper_instead_of_same(kernel, stride, dilation).split("padding=")[2].split(" ")[0])
    assert isinstance(four, tuple)
    shape = (1, 1, 12 * stride[0], 13 * stride[1])
    named, numbered = (layer_values(1, 1, kernel, stride, padding, dilation) for padding in ("same_upper", four))
    assert geometry_of(named, shape) == geometry_of(numbered, shape)
