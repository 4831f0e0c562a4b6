"""The shortest digits of a result that read back to the same value in its element type; no NumPy is loaded."""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING

from conv2d_cli.render.units import thousands
from conv2d_cli.render.values import bare

if TYPE_CHECKING:
    from collections.abc import Callable

# As many as a float64 can need.
_MOST_DIGITS = 17
_NOTHING = "-"
_PARTS = {"complex32": "float16", "complex64": "float32", "complex128": "float64"}
_HALF_A_BFLOAT = 0x7FFF


def number_text(value: object, dtype: str) -> str:
    """Return a value of an output as people read it: `-` for none, `1+2j` for a pair or a complex number."""
    if value is None:
        return _NOTHING
    if isinstance(value, complex):
        value = (value.real, value.imag)
    if isinstance(value, list | tuple):
        real, imaginary = (number_text(part, dtype) for part in value)
        return f"{real}{imaginary if imaginary.startswith('-') else f'+{imaginary}'}j"
    if isinstance(value, int) and not isinstance(value, bool):
        return thousands(value)
    return shortest(value, dtype) if isinstance(value, float) else bare(value)


def shortest(value: float, dtype: str) -> str:
    """Return the fewest digits that are the same value in `dtype`; of a mean, those of the nearest value in it."""
    narrow = _ROUNDINGS.get(_PARTS.get(dtype, dtype), _to_float32)
    wanted = narrow(value)
    if not math.isfinite(wanted):
        return str(value) if not math.isfinite(value) else f"{value:.{_MOST_DIGITS}g}"
    rounded = (float(f"{value:.{digits}g}") for digits in range(1, _MOST_DIGITS))
    # Python writes an exponent only where it is shorter: 400, not 4e+02.
    return repr(next((one for one in rounded if narrow(one) == wanted), value)).removesuffix(".0")


def _to_float16(value: float) -> float:
    return _through("<e", value)


def _to_float32(value: float) -> float:
    return _through("<f", value)


def _to_bfloat16(value: float) -> float:
    """Round to the upper half of a float32's bits, to even as ml_dtypes does."""
    if not math.isfinite(value):
        return value
    try:
        (bits,) = struct.unpack("<I", struct.pack("<f", value))
    except OverflowError:
        return math.copysign(math.inf, value)
    rounded = (bits + _HALF_A_BFLOAT + (bits >> 16 & 1)) & 0xFFFF0000
    return _unpacked("<f", struct.pack("<I", rounded))


def _through(code: str, value: float) -> float:
    if not math.isfinite(value):
        return value
    try:
        return _unpacked(code, struct.pack(code, value))
    except OverflowError:
        return math.copysign(math.inf, value)


def _unpacked(code: str, packed: bytes) -> float:
    value: float = struct.unpack(code, packed)[0]
    return value


_ROUNDINGS: dict[str, Callable[[float], float]] = {
    "float16": _to_float16,
    "bfloat16": _to_bfloat16,
    "float32": _to_float32,
    "float64": float,
}
