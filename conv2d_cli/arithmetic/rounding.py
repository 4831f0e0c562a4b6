"""Correct rounding: the floating-point number nearest to an exact value, worked out on integers."""

from __future__ import annotations

from typing import NamedTuple


class FloatFormat(NamedTuple):
    """A binary floating-point format of IEEE 754, or one that is built like those.

    `precision` counts the bits of the significand, the implicit one included; `least_exponent` is the power of two of
    the smallest subnormal number; `bits` is the width of an element.
    """

    precision: int
    least_exponent: int
    bits: int

    @property
    def epsilon(self) -> float:
        """The distance from 1 to the next larger number."""
        return 2.0 ** (1 - self.precision)

    @property
    def smallest(self) -> float:
        """The smallest subnormal number."""
        return 2.0**self.least_exponent

    @property
    def smallest_normal(self) -> float:
        """The smallest normal number, below which there are subnormal ones."""
        return 2.0 ** (self.least_exponent + self.precision - 1)

    @property
    def sign_bit(self) -> int:
        """The pattern of -0."""
        return 1 << (self.bits - 1)

    @property
    def infinity(self) -> int:
        """The pattern of positive infinity: an exponent of ones, and a significand of zeros."""
        fraction_bits = self.precision - 1
        return ((1 << (self.bits - self.precision)) - 1) << fraction_bits

    @property
    def quiet_nan(self) -> int:
        """The pattern of the one NaN that exact arithmetic gives: positive, quiet, without a payload."""
        return self.infinity | 1 << (self.precision - 2)


FLOAT_FORMATS = {
    "float16": FloatFormat(11, -24, 16),
    "bfloat16": FloatFormat(8, -133, 16),
    "float32": FloatFormat(24, -149, 32),
    "float64": FloatFormat(53, -1074, 64),
}


def rounded_bits(significand: int, exponent: int, target: FloatFormat) -> int:
    """Return the bit pattern of `significand * 2**exponent`, rounded once to the nearest number, ties to even.

    A value beyond the largest finite number by half a unit in the last place or more becomes infinity; one that is not
    zero keeps its sign where it rounds to zero; zero itself is +0.

    Source: IEEE 754-2019, section 4.3.1.

    >>> hex(rounded_bits(1, 0, FLOAT_FORMATS["float32"])), hex(rounded_bits(-1, -200, FLOAT_FORMATS["float32"]))
    ('0x3f800000', '0x80000000')
    >>> hex(rounded_bits((1 << 40) + (1 << 32) + 1, -40, FLOAT_FORMATS["bfloat16"]))
    '0x3f81'
    """
    if not significand:
        return 0
    magnitude = abs(significand)
    unit = max(exponent + magnitude.bit_length() - target.precision, target.least_exponent)
    # A significand that rounds up to the next power of two carries into the exponent, as it should.
    bits = (unit - target.least_exponent << target.precision - 1) + _shifted(magnitude, exponent - unit)
    return min(bits, target.infinity) | (target.sign_bit if significand < 0 else 0)


def _shifted(magnitude: int, shift: int) -> int:
    """Return `magnitude * 2**shift`, rounded to the nearest integer, ties to even."""
    if shift >= 0:
        return magnitude << shift
    down, rest = magnitude >> -shift, magnitude & ((1 << -shift) - 1)
    half = 1 << (-shift - 1)
    return down + (rest > half or (rest == half and down & 1))
