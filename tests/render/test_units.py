"""Short forms: three digits and a unit, thousands for counts and 1,024 for bytes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.render.units import (
    bytes_unit,
    percent,
    rate,
    seconds_with_unit,
    short_bytes,
    short_count,
    three_digits,
)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, ""),
        (999, ""),
        (1000, "1 k"),
        (118_013_952, "118 M"),
        (999_499, "999 k"),
        (999_500, "1 M"),
        (999_999, "1 M"),
        (236 * 10**10, "2.36 T"),
        (10**32, "100 Q"),
        (10**33, "1.00e33"),
        (123 * 10**40, "1.23e42"),
        (10**400, "1.00e400"),
    ],
)
def test_counts(number: int, text: str) -> None:
    assert short_count(number).strip() == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KiB"),
        (37_888, "37 KiB"),
        (3_211_264, "3.06 MiB"),
        (1023 * 1024, "0.999 MiB"),
        (2**80, "1 YiB"),
        (2**95, "3.96e28 B"),
        (10**400, "1.00e400 B"),
    ],
)
def test_bytes(number: int, text: str) -> None:
    assert short_bytes(number) == text


def test_beside_an_exact_number_of_bytes_a_unit_is_enough() -> None:
    assert bytes_unit(512) == "B"
    assert bytes_unit(2048) == "2 KiB"


def test_percent_is_all_of_it_only_where_it_is() -> None:
    assert percent(116_214_528, 118_013_952) == "98.5 %"
    assert percent(99_999, 100_000) == "99.9 %"
    assert percent(3, 3) == "100 %"
    assert percent(0, 3) == "0 %"
    assert percent(0, 0) == ""
    assert percent(10**400 - 1, 10**400) == "99.9 %"


@pytest.mark.parametrize(
    ("number", "text", "with_zeros"),
    [
        (0.0, "0", "0"),
        (61.28, "61.3", "61.3"),
        (61.0, "61", "61.0"),
        (0.9, "0.9", "0.900"),
        (0.0146, "0.0146", "0.0146"),
        (12345.0, "12,300", "12,300"),
        (100.0, "100", "100"),
        (9.999, "10", "10.0"),
        (1e-9, "1e-09", "1e-09"),
        (3.9e21, "3.9e+21", "3.9e+21"),
        (math.inf, "inf", "inf"),
        (math.nan, "nan", "nan"),
    ],
)
def test_three_digits(number: float, text: str, with_zeros: str) -> None:
    assert three_digits(number) == text
    assert three_digits(number, with_zeros=True) == with_zeros


@pytest.mark.parametrize(
    ("number", "text"),
    [(16.2e9, "16.2 GFLOP/s"), (0.0, "0 FLOP/s"), (0.25, "0.25 FLOP/s"), (12.0, "12 FLOP/s"), (4e12, "4 TFLOP/s")],
)
def test_rates(number: float, text: str) -> None:
    assert rate(number, "FLOP/s") == text


@given(st.floats(1e-30, 1e30) | st.just(0.0))
def test_seconds_in_every_unit_read_back(seconds: float) -> None:
    number, unit = seconds_with_unit(seconds).split(" ")
    read = float(number.replace(",", "")) * {"s": 1, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9}[unit]
    assert read == pytest.approx(seconds, rel=1e-5)
    assert not 1e-9 <= seconds < 1 or 1 <= float(number) <= 1000
