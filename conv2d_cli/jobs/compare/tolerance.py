"""How far apart two values may be where nobody knows the operation: the defaults of torch.testing.assert_close."""

from __future__ import annotations

from math import frexp, isfinite
from typing import NamedTuple

from conv2d_cli.arithmetic.error_bounds import rounding_of


class Tolerance(NamedTuple):
    """Two values agree where |actual - expected| <= atol + rtol * |expected|, or within `ulp` steps of their type."""

    rtol: float
    atol: float
    ulp: int

    @property
    def is_none(self) -> bool:
        """Whether values must be equal."""
        return not any(self)

    def allowed(self, expected: float, dtype: str) -> float:
        """Return how far from an expected value of a type another may be: not at all from one that is not finite.

        >>> Tolerance(0.5, 1.0, 0).allowed(-2.0, "float32"), Tolerance(0, 0, 2).allowed(1.0, "float32") == 2.0**-22
        (2.0, True)
        """
        rounding, size = rounding_of(dtype), abs(expected)
        if not isfinite(size):
            return 0.0
        step = 1.0
        if rounding is not None:
            step = max(rounding.smallest, rounding.epsilon * 2.0 ** (frexp(size)[1] - 1)) if size else rounding.smallest
        return max(self.atol + self.rtol * size, self.ulp * step)


# https://docs.pytorch.org/docs/stable/testing.html, the table of torch.testing.assert_close.
_DEFAULTS = {
    "float16": (1e-3, 1e-5),
    "bfloat16": (1.6e-2, 1e-5),
    "float32": (1.3e-6, 1e-5),
    "float64": (1e-7, 1e-7),
    "complex64": (1.3e-6, 1e-5),
    "complex128": (1e-7, 1e-7),
}


def default_tolerance(one: str, other: str) -> Tolerance:
    """Return torch's tolerance for two element types: the larger of both; integers must be equal.

    >>> default_tolerance("float64", "float32"), default_tolerance("int8", "int8").is_none
    (Tolerance(rtol=1.3e-06, atol=1e-05, ulp=0), True)
    """
    known = [_DEFAULTS.get(name, (0.0, 0.0)) for name in (one, other)]
    return Tolerance(max(rtol for rtol, _ in known), max(atol for _, atol in known), 0)
