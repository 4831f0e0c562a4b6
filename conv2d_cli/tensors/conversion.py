"""From the type that elements are stored in to the one they are computed in: by value, and nothing is lost unasked.

Rounding to a narrower float, an integer that becomes a float, and underflow are what a cast means. Integers out of
range, fractions, floats beyond the largest, NaN where there is none, and imaginary parts are lost only where the user
says so, and the last two never.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from conv2d_cli.dtypes import COMPUTABLE, DTYPES
from conv2d_cli.errors import DataError, UsageError, did_you_mean, nearest
from conv2d_cli.numpy_dtypes import dtype_name, numpy_dtype, widened

if TYPE_CHECKING:
    from collections.abc import Iterator

    Array = np.ndarray[Any, Any]

SATURATE, WRAP, TRUNCATE = CASTS = ("saturate", "wrap", "truncate")
_CAST_HINT = "--dtype float32 casts it"
# The types that NumPy has no name for; float8_e8m0fnu has an exponent of eight bits.
_LARGEST = {name: 2.0**16 for name in DTYPES if name.startswith("float8")} | {
    "bfloat16": (2 - 2.0**-7) * 2.0**127,
    "float8_e8m0fnu": 2.0**127,
}
# Elements that are converted at a time: the masks of a check take as much room as they do.
_AT_A_TIME = 1 << 20


def casts_of(text: str | None) -> frozenset[str]:
    """Return the losses that `--cast` allows, of `saturate` or `wrap`, and `truncate`, with a comma between two.

    Raises:
        UsageError: there is no such cast, or both ways out of a range are named.

    >>> sorted(casts_of("truncate,saturate"))
    ['saturate', 'truncate']
    """
    names = [] if text is None else [name.strip() for name in text.split(",")]
    for name in names:
        if name not in CASTS:
            near = nearest(name, CASTS)
            hint = did_you_mean(name, near, "--cast ") if near else "--cast saturate or wrap; truncate is for fractions"
            raise UsageError(f"--cast {text}: no such cast", hint)
    if {SATURATE, WRAP} <= {*names}:
        raise UsageError(
            f"--cast {text}: a value out of range is set to the nearest bound, or taken modulo 2^bits, not both",
            "--cast saturate or wrap",
        )
    return frozenset(names)


def dtype_read(holds: str, wanted: str | None) -> str:
    """Return our name of the type that elements are read in: `wanted`, or their own; `holds` names what is stored.

    Raises:
        DataError: they are no numbers, or none that are computed with.

    >>> dtype_read("float8_e4m3fn", "float32"), dtype_read("int16", None)
    ('float32', 'int16')
    """
    if holds == "V2":
        if wanted == "bfloat16":
            return wanted
        raise DataError(
            "its elements are V2, two bytes of no type that is named",
            "--dtype bfloat16 reads two-byte elements as bfloat16",
        )
    if holds == "V1":
        raise DataError(
            "its elements are V1, one byte of no type that is named",
            "write float8 into a .safetensors file, or raw into a .bin, whose element type is said",
        )
    if holds.startswith("V"):
        raise DataError(f"its elements are {holds}, not numbers", "save it as float32 or float64")
    if holds == "object":
        raise DataError("it holds Python objects, and a pickle is never loaded", "save it with a number's dtype")
    if holds.startswith("records of "):
        raise DataError(
            f"its elements are {holds}, not numbers", "save one field, as with numpy.save(file, array[field])"
        )
    if holds not in DTYPES or holds == "complex32":
        raise DataError(f"its elements are {holds}, which nothing is computed in", "save it as float32 or float64")
    if wanted is not None:
        return wanted
    if holds not in COMPUTABLE:
        raise DataError(f"its elements are {holds}, which nothing is computed in", _CAST_HINT)
    return holds


class Conversion(NamedTuple):
    """How stored elements become those of a type: `holds` and `target` are our names, `casts` the losses allowed."""

    holds: str
    target: str
    casts: frozenset[str] = frozenset()

    @property
    def copies(self) -> bool:
        """Whether the elements become other bytes, but for their order."""
        return self.holds not in {self.target, "V2"}

    def apply(self, stored: Array, first: tuple[int, ...] = (), run_of: tuple[int, ...] | None = None) -> Array:
        """Return stored elements, of any shape, as those of the target: dense, C-contiguous, in native byte order.

        `first` is the index in the file of the first of them, by the axes of the file; of a flat run of the elements of
        a tensor, `run_of` its shape, it is their place in C order.

        Raises:
            DataError: a value is lost by that; it names the first of them in C order, its index, and what allows it.
        """
        target = numpy_dtype(self.target)
        if not self.copies:
            return _same_bytes(stored, target)
        if holds_all(self.target, self.holds):
            return widened(stored, self.holds).astype(target, order="C", copy=False)
        out = np.empty(stored.shape, target)
        for part in _slabs(stored.shape):
            values = widened(stored[part], self.holds)
            converted, lost = _converted(values, target, self.casts)
            if lost is not None:
                index = _index_of_loss(part, lost, first or (0,) * stored.ndim)
                if run_of is not None:
                    index = [int(number) for number in np.unravel_index(index[0], run_of)] if run_of else []
                raise _lossy(self, stored, part, lost, index)
            out[part] = converted
        return out


def holds_all(target: str, source: str) -> bool:
    """Whether every finite value of one type is in the range of another, and its fraction kept; by our names.

    >>> holds_all("float32", "uint64"), holds_all("float16", "uint16"), holds_all("int16", "uint8")
    (True, False, True)
    """
    kind, of = DTYPES[target].kind, DTYPES[source].kind
    if of == "c" and kind != "c":
        return False
    if kind in "fc":
        return _largest(source) <= _largest(target)
    unsigned_into_signed = of == "u" and kind == "i"
    wide_enough = DTYPES[target].bytes > DTYPES[source].bytes - (not unsigned_into_signed)
    return of == "b" or (of in "iu" and not (of == "i" and kind == "u") and wide_enough)


def _largest(name: str) -> float:
    """Return the largest finite value of a type, or of the parts of a complex one; of float8 one that is no less."""
    dtype = DTYPES[name]
    if dtype.kind in "iub":
        return 2.0 ** (8 * dtype.bytes - (dtype.kind == "i"))
    if name in _LARGEST:
        return _LARGEST[name]
    # A component of a complex number has half the bytes.
    return float(np.finfo(f"f{dtype.bytes // (2 if dtype.kind == 'c' else 1)}").max)


def _same_bytes(stored: Array, target: np.dtype[Any]) -> Array:
    """Return elements of the target's own type; those that NumPy has no name for lie in integers or in void."""
    if stored.dtype.newbyteorder("=") == target:
        return stored.astype(target, order="C", copy=False)
    bits = np.ascontiguousarray(stored)
    if bits.dtype.kind == "u":
        bits = bits.astype(bits.dtype.newbyteorder("="), copy=False)
    return bits.view(target)


def _slabs(shape: tuple[int, ...]) -> Iterator[tuple[slice | int, ...]]:
    """Yield keys of parts, in C order, that hold all elements, some at a time."""
    size = math.prod(shape)
    if not shape or size <= _AT_A_TIME:
        yield ()
        return
    inside = size // shape[0]
    if inside > _AT_A_TIME:
        for number in range(shape[0]):
            for key in _slabs(shape[1:]):
                yield number, *key
        return
    together = _AT_A_TIME // inside
    for start in range(0, shape[0], together):
        yield (slice(start, start + together),)


def _converted(values: Array, target: np.dtype[Any], casts: frozenset[str]) -> tuple[Array, Array | None]:
    """Return values as the target's, and where values are lost that may not be; None where nothing is."""
    name = dtype_name(target)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        if target.kind == "c":
            return _to_complex(values, target, casts)
        if values.dtype.kind == "c":
            imaginary = values.imag != 0
            converted, lost = _converted(values.real, target, casts)
            return converted, imaginary | (False if lost is None else lost) if imaginary.any() else lost
        if DTYPES[name].kind == "f":
            return _to_float(values, target, casts)
        if values.dtype.kind == "f":
            return _float_to_integer(values, target, casts)
        return _integer_to_integer(values, target, casts)


def _to_complex(values: Array, target: np.dtype[Any], casts: frozenset[str]) -> tuple[Array, Array | None]:
    component = np.empty(0, target).real.dtype
    out = np.zeros(values.shape, target)
    out.real, lost = _to_float(values.real, component, casts)
    if values.dtype.kind == "c":
        out.imag, lost_too = _to_float(values.imag, component, casts)
        lost = lost_too if lost is None else lost if lost_too is None else lost | lost_too
    return out, lost


def _to_float(values: Array, target: np.dtype[Any], casts: frozenset[str]) -> tuple[Array, Array | None]:
    converted = values.astype(target)
    beyond = np.isinf(converted) & np.isfinite(values)
    if not beyond.any():
        return converted, None
    if SATURATE not in casts:
        return converted, beyond
    largest = np.nextafter(np.array(np.inf, target), np.array(0, target))
    return np.where(beyond, np.copysign(largest, converted), converted), None


def _integer_to_integer(values: Array, target: np.dtype[Any], casts: frozenset[str]) -> tuple[Array, Array | None]:
    bounds = np.iinfo(target)
    beyond = (values < bounds.min) | (values > bounds.max)
    if beyond.any() and not casts & {SATURATE, WRAP}:
        return values, beyond
    if SATURATE in casts:
        own = np.iinfo(values.dtype)
        values = np.clip(values, max(bounds.min, own.min), min(bounds.max, own.max))
    # C's conversion is modulo 2^bits.
    return values.astype(target), None


def _float_to_integer(values: Array, target: np.dtype[Any], casts: frozenset[str]) -> tuple[Array, Array | None]:
    # float16 cannot hold the bounds of wide integers; every one of them, a power of 2, is exact in float32.
    values = values.astype(np.float32) if values.dtype.itemsize == np.dtype(np.float16).itemsize else values
    bounds = np.iinfo(target)
    low, high = float(bounds.min), float(bounds.max + 1)
    whole = np.trunc(values)
    below, above = whole < low, whole >= high
    beyond = below | above
    lost = ~np.isfinite(values)
    if TRUNCATE not in casts:
        lost |= (whole != values) & ~(beyond if SATURATE in casts else np.False_)
    if not casts & {SATURATE, WRAP}:
        lost |= beyond
    if lost.any():
        return values, lost
    if WRAP in casts:
        return _modulo(whole, target), None
    converted = np.where(beyond, 0, whole).astype(target)
    converted[below], converted[above] = bounds.min, bounds.max
    return converted, None


def _modulo(whole: Array, target: np.dtype[Any]) -> Array:
    """Return whole floats modulo 2^bits, exactly."""
    rest = np.fmod(whole, 2.0 ** (8 * target.itemsize))
    magnitude = np.abs(rest).astype(np.uint64)
    return np.where(rest < 0, -magnitude, magnitude).astype(target)


def _lossy(
    conversion: Conversion, stored: Array, part: tuple[slice | int, ...], lost: Array, index: list[int]
) -> DataError:
    """Return the refusal of the first value that is lost, and what would allow every value of what was read."""
    value = widened(stored[part], conversion.holds)[np.unravel_index(int(np.argmax(lost)), lost.shape)]
    return DataError(f"{value!s} at {index} {_reason(value, conversion)}", _allowing(conversion, stored))


def _index_of_loss(part: tuple[slice | int, ...], lost: Array, first: tuple[int, ...]) -> list[int]:
    """Return the index in the file of the first value that a part loses."""
    starts = [key if isinstance(key, int) else key.start for key in part]
    # Of an axis that a number chose nothing is left to count.
    counted = iter(int(number) for number in np.unravel_index(int(np.argmax(lost)), lost.shape))
    local = [start if isinstance(key, int) else start + next(counted) for key, start in zip(part, starts, strict=True)]
    return [begin + number for begin, number in zip(first, (*local, *counted), strict=True)]


def _reason(value: Any, conversion: Conversion) -> str:  # noqa: ANN401 - a scalar of NumPy
    target = conversion.target
    if isinstance(value, np.complexfloating) and DTYPES[target].kind != "c":
        if value.imag != 0:
            return f"has an imaginary part, which {target} has no room for"
        value = value.real
    if DTYPES[target].kind in "iu" and not np.isfinite(value):
        return f"is no number that {target} has"
    if DTYPES[target].kind not in "iu":
        return f"does not fit {target}"
    bounds = np.iinfo(target)
    within = bounds.min <= int(value) <= bounds.max
    if within or conversion.casts & {SATURATE, WRAP}:
        return f"has a fraction, which {target} has no room for"
    return f"does not fit {target}, which holds {bounds.min} to {bounds.max}"


def _allowing(conversion: Conversion, stored: Array) -> str:
    """Return the option that lets all these elements through, however many are lost and for whatever reason."""
    target = numpy_dtype(conversion.target)
    wide = conversion.holds if conversion.holds in COMPUTABLE else "float32"
    every = ((TRUNCATE,), (SATURATE,), (WRAP,), (TRUNCATE, SATURATE), (TRUNCATE, WRAP))
    ways = [way for way in every if {*way} >= conversion.casts]
    able: list[str] = []
    for way in ways:
        if able and len(way) > able[0].count(",") + 1:
            break
        casts = frozenset(way)
        parts = (_converted(widened(stored[part], conversion.holds), target, casts)[1] for part in _slabs(stored.shape))
        if all(lost is None for lost in parts):
            able.append(",".join(way))
    return f"--cast {' or '.join(able)}" if able else f"--dtype {wide}"
