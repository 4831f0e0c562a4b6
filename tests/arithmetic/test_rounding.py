"""Correct rounding on integers, against what Python and the definition say."""

from __future__ import annotations

import math
import struct
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.arithmetic.rounding import FLOAT_FORMATS, FloatFormat, rounded_bits

FORMATS = sorted(FLOAT_FORMATS)


def value_of(bits: int, form: FloatFormat) -> Fraction:
    """Return the value of a pattern by the definition of the format; infinity as the next power of two."""
    fraction_bits = form.precision - 1
    exponent, fraction = divmod(bits & ~form.sign_bit, 1 << fraction_bits)
    significand = fraction + (1 << fraction_bits if exponent else 0)
    magnitude = Fraction(significand) * Fraction(2) ** (max(exponent, 1) - 1 + form.least_exponent)
    return -magnitude if bits & form.sign_bit else magnitude


@pytest.mark.parametrize("name", FORMATS)
def test_patterns_stand_for_themselves(name: str) -> None:
    form = FLOAT_FORMATS[name]
    for bits in (
        1,
        2,
        3,
        form.infinity - 1,
        1 << form.precision - 1,
        (1 << form.precision - 1) - 1,
        form.infinity // 2,
    ):
        value = value_of(bits, form)
        significand, exponent = value.numerator, 1 - value.denominator.bit_length()
        assert rounded_bits(significand, exponent, form) == bits
        assert rounded_bits(-significand, exponent, form) == bits | form.sign_bit
        assert rounded_bits(significand << 70, exponent - 70, form) == bits


@given(st.sampled_from(FORMATS), st.integers(-(2**130), 2**130), st.integers(-1300, 1000))
def test_no_number_is_nearer(name: str, significand: int, exponent: int) -> None:
    form, value = FLOAT_FORMATS[name], Fraction(significand) * Fraction(2) ** exponent
    bits = rounded_bits(significand, exponent, form)
    magnitude = bits & ~form.sign_bit
    assert bool(bits & form.sign_bit) == (significand < 0)
    if magnitude == form.infinity:
        assert abs(value) >= (value_of(magnitude, form) + value_of(magnitude - 1, form)) / 2
        return
    distance = abs(abs(value) - value_of(magnitude, form))
    for other in (magnitude - 1, magnitude + 1):
        if other >= 0:
            farther = abs(abs(value) - value_of(other, form))
            assert distance < farther or (distance == farther and not magnitude & 1)


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_a_float64_sum_is_rounded_as_the_processor_does(left: float, right: float) -> None:
    total = Fraction(left) + Fraction(right)
    bits = rounded_bits(total.numerator, 1 - total.denominator.bit_length(), FLOAT_FORMATS["float64"])
    got = struct.unpack("<d", bits.to_bytes(8, "little"))[0]
    assert got == left + right


@pytest.mark.parametrize("name", FORMATS)
def test_special_patterns(name: str) -> None:
    form = FLOAT_FORMATS[name]
    assert rounded_bits(0, 5, form) == rounded_bits(0, -9999, form) == 0
    assert rounded_bits(1, form.least_exponent - 1, form) == 0
    assert rounded_bits(-1, form.least_exponent - 1, form) == form.sign_bit
    assert rounded_bits(3, form.least_exponent - 2, form) == 1
    assert rounded_bits(1, 5000, form) == form.infinity
    assert value_of(1 << form.precision - 1, form) == Fraction(form.smallest_normal)
    if name == "float32":
        assert (form.infinity, form.quiet_nan) == (0x7F800000, 0x7FC00000)
        assert math.isnan(struct.unpack("<f", form.quiet_nan.to_bytes(4, "little"))[0])
