"""Taps of a window against NumPy's padding, and exact sums against fractions."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.arithmetic.dyadic import Dyadic
from conv2d_cli.arithmetic.exact_sum import ExactSum
from conv2d_cli.arithmetic.rounding import FLOAT_FORMATS
from conv2d_cli.arithmetic.taps import taps_of
from conv2d_cli.arithmetic.window import Axis

NUMPY_MODES: dict[str, Any] = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}
FINITE = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def axes(draw: st.DrawFn) -> Axis:
    size, kernel, dilation = draw(st.integers(1, 9)), draw(st.integers(1, 4)), draw(st.integers(1, 3))
    before, after = draw(st.integers(0, size - 1)), draw(st.integers(0, size - 1))
    return Axis(size, kernel, draw(st.integers(1, 3)), dilation, before, after)


@given(axes(), st.sampled_from(["zeros", *NUMPY_MODES]))
def test_taps_read_what_the_padded_axis_holds(axis: Axis, mode: str) -> None:
    numbered = np.arange(axis.size)
    sides = (axis.before, axis.after)
    padded = (
        np.pad(numbered, sides, constant_values=-1) if mode == "zeros" else np.pad(numbered, sides, NUMPY_MODES[mode])
    )
    for output in range(axis.output):
        places = output * axis.stride + np.arange(axis.kernel) * axis.dilation
        taps = taps_of(axis, output, mode)
        assert [tap.position for tap in taps] == (places - axis.before).tolist()
        assert [-1 if tap.source is None else tap.source for tap in taps] == padded[places].tolist()
        assert [tap.is_padded for tap in taps] == [not 0 <= tap.position < axis.size for tap in taps]


@given(FINITE, FINITE)
def test_dyadic_numbers_are_fractions(one: float, other: float) -> None:
    first, second = Dyadic.of(one), Dyadic.of(other)
    for result, expected in (
        (first.times(second), Fraction(one) * Fraction(other)),
        (first.plus(second), Fraction(one) + Fraction(other)),
    ):
        assert result.significand * Fraction(2) ** result.exponent == expected
        assert Fraction(Decimal(result.digits())) == expected


@given(st.lists(st.tuples(FINITE, FINITE), min_size=1, max_size=9))
def test_sums_are_exact_and_rounded_once(pairs: list[tuple[float, float]]) -> None:
    total, expected = ExactSum(), Fraction()
    for value, weight in pairs:
        total.add_product(value, weight)
        expected += Fraction(value) * Fraction(weight)
        assert Fraction(Decimal(total.digits())) == expected
    rounded = np.array(total.rounded(FLOAT_FORMATS["float64"]), np.uint64).view(np.float64)
    try:
        nearest = float(expected)
    except OverflowError:
        nearest = math.inf if expected > 0 else -math.inf
    assert rounded == nearest


@pytest.mark.parametrize(
    ("pairs", "digits", "bits"),
    [
        ([(math.inf, 0.0)], "nan", 0x7E00),
        ([(math.inf, 1.0), (-1.0, math.inf)], "nan", 0x7E00),
        ([(-math.nan, 1.0)], "nan", 0x7E00),
        ([(1e308, 1e308), (-math.inf, 2.0)], "-inf", 0xFC00),
        ([(1e308, 1e308), (-1e308, 1e308)], "0", 0x0000),
        ([(-0.0, 1.0), (0.0, -3.0)], "0", 0x8000),
        ([(-0.0, 1.0), (0.0, 3.0)], "0", 0x0000),
        ([(5e-324, -5e-324)], None, 0x8000),
    ],
)
def test_what_is_not_finite_and_zeros(pairs: list[tuple[float, float]], digits: str | None, bits: int) -> None:
    total = ExactSum()
    for value, weight in pairs:
        total.add_product(value, weight)
    assert digits is None or total.digits() == digits
    assert total.rounded(FLOAT_FORMATS["float16"]) == bits
