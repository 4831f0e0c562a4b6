"""The parts of exact convolution: rounding of arrays, sums of terms, bounds, and when none is needed."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from exact_reference import nearest, rounded_sum
from families import FAMILIES, draw
from hypothesis import given, settings
from hypothesis import strategies as st

from conv2d_cli.arithmetic.geometry import Geometry
from conv2d_cli.arithmetic.rounding import FLOAT_FORMATS, rounded_bits
from conv2d_cli.arithmetic.window import Axis
from conv2d_cli.engine.exact.bounds import Filters, adds_exactly, largest_magnitude, window_counts, window_norms
from conv2d_cli.engine.exact.first_sums import margins
from conv2d_cli.engine.exact.rounding import bits_of, rounded, rounded_to_odd, two_sum
from conv2d_cli.engine.exact.sums import rounded_products, rounded_sums

Array = np.ndarray[Any, Any]
REAL = sorted(FLOAT_FORMATS)
finite = st.floats(allow_nan=False, allow_infinity=False)
moderate = st.floats(-1e60, 1e60, allow_subnormal=False)


def bits_of_fraction(value: Fraction, dtype: str) -> int:
    return rounded_bits(value.numerator, 1 - value.denominator.bit_length(), FLOAT_FORMATS[dtype])


@given(st.lists(finite, min_size=1, max_size=8), st.sampled_from(REAL))
def test_float64_numbers_are_rounded_once(values: list[float], dtype: str) -> None:
    with np.errstate(all="ignore"):
        got = bits_of(rounded(np.array(values), dtype)).tolist()
    sign = FLOAT_FORMATS[dtype].sign_bit
    assert got == [
        bits_of_fraction(Fraction(value), dtype) | (sign if math.copysign(1, value) < 0 else 0) for value in values
    ]


@given(st.integers(0, 2**16 - 1), st.sampled_from([-1, 0, 1]), st.sampled_from([0, 2.0**-40, -(2.0**-40), 2.0**-52]))
def test_bfloat16_is_rounded_once_about_the_middle_of_two_numbers(bits: int, half: int, more: float) -> None:
    single = np.array([bits << 16 | (0x8000 if half else 0)], np.uint32).view(np.float32).astype(np.float64)
    if np.isfinite(single[0]):
        value = float(single[0]) * (1 + half * more)
        sign = FLOAT_FORMATS["bfloat16"].sign_bit if math.copysign(1, value) < 0 else 0
        assert (
            int(bits_of(rounded(np.array([value]), "bfloat16"))[0])
            == bits_of_fraction(Fraction(value), "bfloat16") | sign
        )


@given(finite, finite)
def test_what_an_addition_lost_is_known(left: float, right: float) -> None:
    if math.isfinite(left + right):
        with np.errstate(all="ignore"):
            total, lost = two_sum(np.array([left]), np.array([right]))
        if math.isfinite(lost[0]):
            assert Fraction(float(total[0])) + Fraction(float(lost[0])) == Fraction(left) + Fraction(right)


@given(moderate, moderate, st.sampled_from(["float32", "float16", "bfloat16"]))
def test_rounding_to_odd_leaves_one_rounding(high: float, low: float, dtype: str) -> None:
    with np.errstate(all="ignore"):
        got = bits_of(rounded(rounded_to_odd(np.array([high]), np.array([low])), dtype))
    exact = Fraction(high) + Fraction(low)
    assert int(got[0]) & ~FLOAT_FORMATS[dtype].sign_bit == bits_of_fraction(abs(exact), dtype)


terms = st.lists(st.builds(math.ldexp, st.integers(-(2**53), 2**53), st.integers(-160, 60)), min_size=1, max_size=40)


@settings(max_examples=300)
@given(terms, st.sampled_from(REAL), st.booleans(), st.sampled_from([1, 60]))
def test_sums_are_rounded_correctly(values: list[float], dtype: str, cancelled: bool, columns: int) -> None:
    if cancelled:
        values = [*values, *(-value for value in values[1:])]
    table = np.repeat(np.array(values)[:, None], columns, 1)
    with np.errstate(all="ignore"):
        got = bits_of(rounded_sums(table, dtype)).tolist()
    assert got == [bits_of_fraction(sum(map(Fraction, values), Fraction(0)), dtype)] * columns


@pytest.mark.parametrize("dtype", REAL)
def test_sums_about_the_middle_of_two_numbers(dtype: str) -> None:
    # One beside a half of its last bit, beside what is far below both, of either sign, and many such columns.
    half = 2.0 ** -FLOAT_FORMATS[dtype].precision
    for tiny in (2.0**-120, -(2.0**-120), 2.0**-300, 0.0):
        for signs in ((1, 1), (1, -1), (-1, 1)):
            values = [signs[0] * 1.0, signs[1] * half, tiny, *[0.0] * 20]
            expected = nearest(sum(map(Fraction, values), Fraction(0)), dtype)
            got = rounded_sums(np.repeat(np.array(values)[:, None], 100, 1), dtype)
            assert (got == expected).all(), (tiny, signs)


@given(st.lists(st.tuples(finite, finite), min_size=1, max_size=6))
def test_products_of_any_size(pairs: list[tuple[float, float]]) -> None:
    assert int(bits_of(rounded_products(pairs, "float64"))[0]) & ~(1 << 63) == abs(rounded_sum(pairs, "float64")).view(
        np.uint64
    )


def windows(image: Array, geometry: Geometry) -> Array:
    """Return the windows of an image as (groups, Ho, Wo, K)."""
    height, width = geometry.height, geometry.width
    channels = geometry.in_channels // geometry.groups
    out = np.empty((geometry.groups, height.output, width.output, channels * height.kernel * width.kernel))
    for group, row, column in np.ndindex(out.shape[:3]):
        rows = slice(row * height.stride, row * height.stride + height.effective_kernel, height.dilation)
        columns = slice(column * width.stride, column * width.stride + width.effective_kernel, width.dilation)
        out[group, row, column] = image[group * channels : (group + 1) * channels, rows, columns].ravel()
    return out


GEOMETRIES = [
    Geometry(1, 6, 4, 2, Axis(9, 3, 2, 2, 0, 0), Axis(8, 2, 1, 3, 0, 0)),
    Geometry(1, 40, 3, 1, Axis(6, 4, 1, 1, 0, 0), Axis(7, 4, 2, 1, 0, 0)),
    Geometry(1, 3, 3, 3, Axis(5, 1, 1, 1, 0, 0), Axis(5, 5, 1, 1, 0, 0)),
]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_margins_hold_every_error(geometry: Geometry, family: str) -> None:
    image = draw(0, family, (1, geometry.in_channels, geometry.height.size, geometry.width.size), "float32")[0]
    image, weight = image.astype(float), draw(1, family, geometry.weight_shape, "float32").astype(float)
    rows, bias = weight.reshape(geometry.out_channels, -1), np.arange(geometry.out_channels) - 1.5
    filters, seen = Filters(rows, bias), windows(image, geometry)
    norms = window_norms(image, geometry)
    np.testing.assert_allclose(norms[:, 0], np.linalg.norm(seen, axis=-1).reshape(len(seen), -1), rtol=1e-12)
    np.testing.assert_array_equal(
        window_counts(np.signbit(image), geometry)[:, 0], np.signbit(seen).sum(-1).reshape(len(seen), -1)
    )
    each = geometry.out_channels // geometry.groups
    bounds = [
        np.broadcast_to(one.block((slice(None),) * 3), (geometry.groups, each, norms.shape[2]))
        for one in margins(image, largest_magnitude(image), geometry, filters)
    ]
    for group, one, pixel in np.ndindex(bounds[0].shape):
        window = seen[group].reshape(-1, seen.shape[-1])[pixel]
        products = [
            Fraction(a) * Fraction(b) for a, b in zip(window.tolist(), rows[group * each + one].tolist(), strict=True)
        ]
        # What the textbook promises of any order, and what this order gives.
        magnitude = sum(map(abs, products), Fraction(abs(float(bias[group * each + one]))))
        roundings = (len(products) + 1) * Fraction(2) ** -53
        promised = roundings / (1 - roundings) * magnitude
        for bound in bounds:
            assert Fraction(float(bound[group, one, pixel])) >= promised


@settings(max_examples=300)
@given(st.integers(1, 40), st.integers(0, 30), st.integers(0, 30), st.integers(-60, 60), st.randoms())
def test_sums_that_add_exactly_have_no_error(count: int, left: int, right: int, shift: int, random: Any) -> None:
    image = np.array([random.randint(-(2**left), 2**left) for _ in range(count)], float).reshape(count, 1, 1)
    weight = np.array([random.randint(-(2**right), 2**right) for _ in range(2 * count)], float).reshape(2, count)
    image, weight = image * 2.0**shift, weight * 2.0 ** -(shift // 3)
    filters = Filters(weight, np.array([0.0, 2.0 ** (shift - shift // 3)]))
    if adds_exactly(image, largest_magnitude(image), filters):
        for row, bias in zip(weight.tolist(), filters.bias.tolist() if filters.bias is not None else (), strict=True):
            values = [a * b for a, b in zip(image.ravel().tolist(), row, strict=True)]
            # Backwards, with the bias first: another order.
            assert Fraction(sum(values[::-1], bias)) == sum(map(Fraction, values), Fraction(bias))
    elif left + right + count.bit_length() < 50:
        # Where there are bits to spare, no check is made.
        assert not image.all() or not weight.all()
