"""Accumulators of whole numbers: how large sums of products can be, and how many bits hold them."""

from __future__ import annotations

from typing import NamedTuple


class Range(NamedTuple):
    """Whole numbers from the least to the greatest, both included."""

    least: int
    greatest: int

    @property
    def magnitude(self) -> int:
        """The largest absolute value.

        >>> Range(-128, 127).magnitude
        128
        """
        return max(-self.least, self.greatest)

    @property
    def signed_bits(self) -> int:
        """Bits of the smallest two's complement integer that holds all of them.

        >>> Range(-128, 127).signed_bits, Range(0, 255).signed_bits, Range(0, 0).signed_bits
        (8, 9, 1)
        """
        return 1 + max(number.bit_length() if number >= 0 else (~number).bit_length() for number in self)

    def holds(self, other: Range) -> bool:
        """Whether all of another range are in it.

        >>> Range(-128, 127).holds(Range(0, 255))
        False
        """
        return self.least <= other.least and other.greatest <= self.greatest

    def joined(self, other: Range) -> Range:
        """Return the smallest range that holds both.

        >>> Range(0, 1).joined(Range(5, 9))
        Range(least=0, greatest=9)
        """
        return Range(min(self.least, other.least), max(self.greatest, other.greatest))

    def less(self, zero_points: Range) -> Range:
        """Return what is left of its numbers when a zero point, any of a range, is subtracted.

        >>> Range(-128, 127).less(Range(-128, 127))
        Range(least=-255, greatest=255)
        """
        return Range(self.least - zero_points.greatest, self.greatest - zero_points.least)


def range_of_integers(bits: int, *, signed: bool) -> Range:
    """Return what an integer type holds.

    >>> range_of_integers(8, signed=True), range_of_integers(8, signed=False)
    (Range(least=-128, greatest=127), Range(least=0, greatest=255))
    """
    return Range(-(1 << bits - 1), (1 << bits - 1) - 1) if signed else Range(0, (1 << bits) - 1)


def sum_of_products(products: int, one: Range, other: Range) -> Range:
    """Return what a sum of a number of products of factors from two ranges can be, and each of its partial sums.

    Of 131,071 products of -128 and -128 int32 holds the sum, of one more it does not:

    >>> int8, int32 = range_of_integers(8, signed=True), range_of_integers(32, signed=True)
    >>> [int32.holds(sum_of_products(number, int8, int8)) for number in (131_071, 131_072)]
    [True, False]
    """
    corners = [left * right for left in one for right in other]
    # A partial sum may hold no product at all.
    return Range(products * min(0, *corners), products * max(0, *corners))
