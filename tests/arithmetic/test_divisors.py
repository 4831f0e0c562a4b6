"""Divisors against trying every number."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.arithmetic.divisors import divisors


@given(st.integers(1, 5000))
def test_divisors_are_all_that_divide(number: int) -> None:
    assert divisors(number) == [trial for trial in range(1, number + 1) if number % trial == 0]


def test_divisors_of_very_large_numbers_are_found_at_once() -> None:
    found = divisors(2**61)
    assert found[:17] == [2**power for power in range(17)]
    assert found[-1] == 2**61
    assert divisors(99_991**2) == [1, 99_991, 99_991**2]
    assert divisors(100_003**2) == [1, 100_003**2]
