"""What sums may be off by that a type rounds; plain numbers, no arrays.

Source: N. J. Higham, "Accuracy and Stability of Numerical Algorithms", 2nd edition, SIAM 2002, section 3.1.
"""

from functools import cache
from math import hypot

from conv2d_cli.arithmetic.rounding import FLOAT_FORMATS, FloatFormat
from conv2d_cli.dtypes import DTYPES, component_dtype

# Half types are summed in float32, and rounded once.
_SUMMED_IN = {"float16": "float32", "bfloat16": "float32"}
# What judges float64 is float64 itself, with an error of its own.
_JUDGED_BY_ITSELF = "float64"


def rounding_of(dtype: str) -> FloatFormat | None:
    """Return how a type rounds, by the components of a complex one; None for integers, which do not.

    >>> rounding_of("complex64") == rounding_of("float32"), rounding_of("int8")
    (True, None)
    """
    return FLOAT_FORMATS.get(component_dtype(dtype))


def gamma(terms: float, epsilon: float) -> float:
    """Return Higham's `n u / (1 - n u)` for n roundings of `u = epsilon / 2` each; infinite where it proves nothing.

    >>> gamma(2, 2.0**-23) > 2 * 2.0**-24
    True
    """
    share = terms * epsilon / 2
    return share / (1 - share) if share < 1 else float("inf")


@cache
def error_limit(dtype: str, products: int) -> float:
    """Return the most that a right result of `products` products is off, in `eps * (sum|x||w| + |b|)` of its type.

    Half types add half a step of the result. Complex products may be made of three real ones, as PyTorch makes them:
    the real part is then a difference of two sums, the imaginary one of three, (a + b)(c + d) - ac - bd, whose first
    has terms of up to twice the size and two more roundings each. Integers are exact: 0. Of float64 twice as much,
    since the reference is float64 too.

    >>> round(error_limit("float32", 27), 3), round(error_limit("float16", 27), 3), error_limit("int32", 27)
    (14.0, 0.502, 0.0)
    """
    component = component_dtype(dtype)
    rounding = FLOAT_FORMATS.get(component)
    if rounding is None:
        return 0.0
    summed = FLOAT_FORMATS[_SUMMED_IN.get(component, component)]
    is_complex = dtype != component
    # In roundings of |x||w|: K + 2 of the real part; 2 (K + 2) + K and three of at most 4 |x||w| of the imaginary.
    terms = hypot(products + 2, 3 * products + 9) if is_complex else products + 1
    bound = gamma(terms, summed.epsilon) / rounding.epsilon * (2 if component == _JUDGED_BY_ITSELF else 1)
    return bound + (0.5 * (1 + bound * rounding.epsilon) if component in _SUMMED_IN else 0)


def coarser(one: str, other: str) -> str:
    """Return the type of two in which values stand further apart; a complex or floating one before integers.

    Beside a complex one it is complex, with components of at least 32 bits.

    >>> coarser("float64", "float32"), coarser("int32", "float64"), coarser("int8", "int32")
    ('float32', 'float64', 'int32')
    >>> coarser("complex128", "float32"), coarser("float64", "complex128")
    ('complex64', 'complex128')
    """

    def rank(dtype: str) -> tuple[bool, float, int]:
        rounding = rounding_of(dtype)
        return rounding is not None, rounding.epsilon if rounding else 0.0, DTYPES[dtype].bytes

    found = max(one, other, key=rank)
    if all(component_dtype(name) == name for name in (one, other)):
        return found
    return "complex128" if component_dtype(found) == "float64" else "complex64"
