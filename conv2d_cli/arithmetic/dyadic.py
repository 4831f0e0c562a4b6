"""Exact sums of products of binary floating-point numbers, as integers times a power of two, and their digits."""

from __future__ import annotations

from typing import NamedTuple, Self


class Dyadic(NamedTuple):
    """The number `significand * 2**exponent`: what every finite float is, and every sum of products of floats."""

    significand: int
    exponent: int

    @classmethod
    def of(cls, value: float) -> Self:
        """Return a finite float as it is.

        >>> Dyadic.of(-0.75)
        Dyadic(significand=-3, exponent=-2)
        """
        numerator, denominator = value.as_integer_ratio()
        return cls(numerator, 1 - denominator.bit_length())

    def times(self, other: Self) -> Self:
        """Return the exact product."""
        return type(self)(self.significand * other.significand, self.exponent + other.exponent)

    def plus(self, other: Self) -> Self:
        """Return the exact sum.

        >>> Dyadic.of(1.5).plus(Dyadic.of(2.0**-60)).significand == 3 * 2**59 + 1
        True
        """
        exponent = min(self.exponent, other.exponent)
        shifted = (term.significand << term.exponent - exponent for term in (self, other))
        return type(self)(sum(shifted), exponent)

    def digits(self) -> str:
        """Return every digit of the number in decimal: a binary fraction has as many decimals as it has bits.

        >>> Dyadic.of(0.1).digits(), Dyadic(-5, 1).digits(), Dyadic(1, -3).digits()
        ('0.1000000000000000055511151231257827021181583404541015625', '-10', '0.125')
        """
        if self.exponent >= 0:
            return str(self.significand << self.exponent)
        decimals = -self.exponent
        whole, fraction = divmod(abs(self.significand), 1 << decimals)
        # 2**-n is 5**n of the n-th decimal.
        behind = f"{fraction * 5**decimals:0{decimals}d}".rstrip("0")
        sign = "-" if self.significand < 0 else ""
        return f"{sign}{whole}.{behind}" if behind else f"{sign}{whole}"
