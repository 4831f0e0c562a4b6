"""Ranges of whole numbers and the bits that hold them, against counting."""

from __future__ import annotations

from itertools import accumulate, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.arithmetic.accumulator import Range, range_of_integers, sum_of_products

NUMBERS = st.integers(-(2**70), 2**70)
RANGES = st.tuples(NUMBERS, NUMBERS).map(lambda ends: Range(min(ends), max(ends)))
SMALL = st.tuples(st.integers(-9, 9), st.integers(-9, 9)).map(lambda ends: Range(min(ends), max(ends)))


def members(numbers: Range) -> range:
    return range(numbers.least, numbers.greatest + 1)


@given(RANGES)
def test_the_bits_are_the_fewest_that_hold_both_ends(numbers: Range) -> None:
    bits = numbers.signed_bits
    assert range_of_integers(bits, signed=True).holds(numbers)
    assert bits == 1 or not range_of_integers(bits - 1, signed=True).holds(numbers)


@given(SMALL, SMALL)
def test_a_zero_point_shifts_every_number(numbers: Range, zero_points: Range) -> None:
    differences = {one - other for one, other in product(members(numbers), members(zero_points))}
    assert numbers.less(zero_points) == Range(min(differences), max(differences))
    assert numbers.joined(zero_points) == Range(min(*numbers, *zero_points), max(*numbers, *zero_points))
    assert numbers.magnitude == max(map(abs, members(numbers)))


@given(SMALL, SMALL, st.lists(st.tuples(st.integers(0, 18), st.integers(0, 18)), max_size=6))
def test_every_partial_sum_lies_within(one: Range, other: Range, drawn: list[tuple[int, int]]) -> None:
    of_one, of_other = members(one), members(other)
    products = [of_one[left % len(of_one)] * of_other[right % len(of_other)] for left, right in drawn]
    sums = sum_of_products(len(products), one, other)
    assert all(sums.least <= partial <= sums.greatest for partial in accumulate(products, initial=0))


@given(SMALL, SMALL, st.integers(0, 5))
def test_the_ends_are_reached(one: Range, other: Range, number: int) -> None:
    products = {left * right for left, right in product(members(one), members(other))} | {0}
    assert sum_of_products(number, one, other) == Range(number * min(products), number * max(products))


@pytest.mark.parametrize(
    ("value", "other", "number"),
    [(-128, -128, 131_071), (127, 127, 133_144), (-128, 127, 132_104), (-255, 255, 33_025)],
)
def test_int32_holds_so_many_products_and_no_more(value: int, other: int, number: int) -> None:
    int32, factors = range_of_integers(32, signed=True), (Range(value, value), Range(other, other))
    assert int32.holds(sum_of_products(number, *factors))
    assert not int32.holds(sum_of_products(number + 1, *factors))
