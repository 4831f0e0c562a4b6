"""The exact sum of one output element, term by term, and its one rounding."""

from __future__ import annotations

import math

from conv2d_cli.arithmetic.dyadic import Dyadic
from conv2d_cli.arithmetic.rounding import FloatFormat, rounded_bits


class ExactSum:
    """A sum of products of floats without any rounding; of what is not finite as IEEE 754 has it.

    A sum of zero is +0 unless all its terms are -0.

    >>> total = ExactSum()
    >>> for value, weight in ((0.1, 3.0), (1e300, 1e300), (-1e300, 1e300)):
    ...     total.add_product(value, weight)
    >>> total.digits()
    '0.3000000000000000166533453693773481063544750213623046875'
    """

    def __init__(self) -> None:
        """Begin with no term."""
        self._sum = Dyadic(0, 0)
        self._beyond = 0.0
        self._is_negative_zero = True

    def add_product(self, value: float, weight: float, *, negated: bool = False) -> None:
        """Add the product of two floats, or take it away where it is `negated`."""
        signed = -value if negated else value
        if math.isfinite(signed) and math.isfinite(weight):
            product = Dyadic.of(signed).times(Dyadic.of(weight))
            negative = math.copysign(1, signed) != math.copysign(1, weight)
            self._is_negative_zero &= product.significand == 0 and negative
            self._sum = self._sum.plus(product)
        else:
            self._beyond += signed * weight

    def add(self, value: float) -> None:
        """Add a float."""
        self.add_product(value, 1.0)

    def digits(self) -> str:
        """Return every decimal digit of the sum so far, or `nan`, `inf`, `-inf`."""
        return self._sum.digits() if self._beyond == 0 else str(self._beyond)

    def rounded(self, target: FloatFormat) -> int:
        """Return the bit pattern of the nearest number of a format, ties to even; any NaN is the one quiet NaN."""
        if math.isnan(self._beyond):
            return target.quiet_nan
        if self._beyond:
            return target.infinity | (target.sign_bit if self._beyond < 0 else 0)
        bits = rounded_bits(*self._sum, target)
        return bits or (target.sign_bit if self._is_negative_zero else 0)
