"""From every stored type to every computed one: by value, and what is lost is refused, or done as it was asked for."""

from __future__ import annotations

import cmath
import math
from itertools import product
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.dtypes import COMPUTABLE, DTYPES
from conv2d_cli.errors import DataError, UsageError
from conv2d_cli.numpy_dtypes import numpy_dtype
from conv2d_cli.tensors.conversion import CASTS, Conversion, casts_of, dtype_read, holds_all

Array = np.ndarray[Any, Any]
STORED = sorted(DTYPES.keys() - {"complex32"})
TARGETS = sorted(COMPUTABLE)
LARGEST = {
    "float16": 65504.0,
    "bfloat16": (2 - 2**-7) * 2.0**127,
    "float32": (2 - 2**-23) * 2.0**127,
    "float64": (2 - 2**-52) * 2.0**1023,
}
WAYS: list[frozenset[str]] = [casts_of(text) for text in (None, *CASTS, "truncate,saturate", "wrap,truncate")]


def native(name: str) -> np.dtype[Any]:
    """Return the dtype that a library has for a name of ours."""
    return np.dtype(getattr(ml_dtypes, name)) if hasattr(ml_dtypes, name) else np.dtype(name)


def as_stored(values: Array, name: str) -> Array:
    """Return elements as a file has them: those that NumPy has no name for in unsigned integers."""
    return values.view(f"u{values.itemsize}") if hasattr(ml_dtypes, name) else values


def odd_values(name: str) -> Array:
    """Return values of a type that go wrong somewhere: its ends, the ends of others, fractions, NaN and infinities."""
    kind, dtype = DTYPES[name].kind, native(name)
    if kind == "b":
        return np.array([False, True])
    if kind in "iu":
        ends = [int(np.iinfo(other).min) for other in TARGETS if DTYPES[other].kind in "iu"]
        ends += [int(np.iinfo(other).max) for other in TARGETS if DTYPES[other].kind in "iu"]
        near = {end + step for end in ends for step in (-1, 0, 1)} | {0, 1, 3, 65504, 65519, 65520, 65536}
        own = np.iinfo(dtype)
        return np.array(sorted(value for value in near if own.min <= value <= own.max), dtype)
    wide = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.5, 127.0, 128.0, -128.0, -129.0, 255.0, 256.0, 255.5, 65504.0, 65519.0]
    wide += [
        65520.0,
        2.0**31,
        2.0**63,
        2.0**64,
        -(2.0**63),
        3.4e38,
        3.5e38,
        1e300,
        1e-300,
        math.nan,
        math.inf,
        -math.inf,
    ]
    with np.errstate(over="ignore"):
        real = np.array(wide).astype(dtype)
    if kind == "f":
        return real
    return np.concatenate([real, np.array([1 + 2j, 1j, complex(2, -0.0), complex(0, math.nan)]).astype(dtype)])


def python_number(value: Any) -> Any:
    """Return a scalar as Python's int, float or complex, with its very value."""
    kind = np.asarray(value).dtype.kind
    if kind in "iub":
        return int(value)
    return complex(value) if kind == "c" else float(value)


def to_integer(number: Any, target: str, casts: frozenset[str]) -> int | None:
    """Return what a number becomes in an integer type, by Python's integers; None where it is refused."""
    if not cmath.isfinite(number):
        return None
    bounds = np.iinfo(target)
    whole: int = math.trunc(number)
    within = bounds.min <= whole <= bounds.max
    if whole != number and "truncate" not in casts and (within or "saturate" not in casts):
        return None
    if within:
        return whole
    if "saturate" in casts:
        return int(bounds.min if whole < bounds.min else bounds.max)
    return (whole - int(bounds.min)) % 2**bounds.bits + int(bounds.min) if "wrap" in casts else None


def to_float(number: Any, target: str, casts: frozenset[str]) -> Any:
    """Return what a number becomes in a float type, rounded as a library rounds it; None where it is refused."""
    dtype = native(target)
    with np.errstate(over="ignore"):
        rounded = np.array(number).astype(dtype)[()]
    if np.isfinite(rounded) or not math.isfinite(number):
        return rounded
    return math.copysign(LARGEST[target], number) if "saturate" in casts else None


def expected(number: Any, target: str, casts: frozenset[str]) -> Any:
    """Return what a number becomes; None where it is refused."""
    kind = DTYPES[target].kind
    if kind == "c":
        part = {"complex64": "float32", "complex128": "float64"}[target]
        parts = [to_float(one, part, casts) for one in (complex(number).real, complex(number).imag)]
        return None if None in parts else complex(*map(float, parts))
    if isinstance(number, complex):
        if number.imag != 0:
            return None
        number = number.real
    return to_float(number, target, casts) if kind == "f" else to_integer(number, target, casts)


def same(one: Any, other: Any) -> bool:
    parts = [(complex(value).real, complex(value).imag) for value in (one, other)]
    return all(a == b or (a != a and b != b) for a, b in zip(*parts, strict=True))  # noqa: PLR0124 - NaN


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("source", STORED)
def test_each_value_by_itself_as_python_has_it(source: str, target: str) -> None:
    values = odd_values(source)
    for casts, place in product(WAYS, range(len(values))):
        number = python_number(values[place])
        right = expected(number, target, casts)
        conversion = Conversion(source, target, casts)
        if source == target:
            right = number
        if right is None:
            with pytest.raises(DataError, match=r" at \[7\] "):
                conversion.apply(as_stored(values[place : place + 1], source), (7,))
            continue
        result = conversion.apply(as_stored(values[place : place + 1], source))
        assert result.dtype == numpy_dtype(target)
        assert result.shape == (1,)
        if DTYPES[target].kind in "iu":
            assert int(result[0]) == right, (number, target, casts)
        else:
            assert same(result[0], right), (number, target, casts)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("byte_order", ["<", ">"])
def test_orders_of_bytes_and_axes_change_no_value(order: Any, byte_order: str) -> None:
    for source in STORED:
        values = odd_values(source)[:24].copy()
        values[~np.isfinite(values.astype(np.complex128))] = 0
        array = np.asarray(np.resize(values, (2, 3, 4)), order=order)
        stored = as_stored(np.ascontiguousarray(array), source)
        stored = np.asarray(stored.astype(stored.dtype.newbyteorder(byte_order)), order=order)
        for result in (
            Conversion(source, "complex128").apply(stored),
            Conversion(source, "complex128").apply(stored[::-1])[::-1],
        ):
            np.testing.assert_array_equal(result, array.astype(np.complex128))
        if source in COMPUTABLE:
            kept = Conversion(source, source).apply(stored)
            assert (kept.dtype, kept.flags.c_contiguous) == (numpy_dtype(source), True)
            np.testing.assert_array_equal(kept, array)


def test_the_first_value_is_named_by_its_place_in_the_file_however_many_there_are() -> None:
    stored = np.zeros((3, 2, 1200, 1000), np.int16)
    stored[1, 1, 1100, 999], stored[2, 0, 0, 0] = 200, -300
    with pytest.raises(DataError) as caught:
        Conversion("int16", "int8").apply(stored, (5, 0, 10, 20))
    assert caught.value.message == "200 at [6, 1, 1110, 1019] does not fit int8, which holds -128 to 127"
    assert caught.value.hint == "--cast saturate or wrap"
    assert Conversion("int16", "int8", frozenset({"wrap"})).apply(stored)[2, 0, 0, 0] == -300 + 256


@pytest.mark.parametrize(
    ("values", "target", "casts", "message", "hint"),
    [
        ([200], "int8", "", "200 at [0] does not fit int8, which holds -128 to 127", "--cast saturate or wrap"),
        ([1.5], "int8", "", "1.5 at [0] has a fraction, which int8 has no room for", "--cast truncate"),
        ([1.0, 0.1], "int8", "saturate", "0.1 at [1] has a fraction", "--cast truncate,saturate"),
        ([1.5, 300.0], "int8", "", "1.5 at [0] has a fraction", "--cast truncate,saturate or truncate,wrap"),
        ([300.0, 1.5], "int8", "", "300.0 at [0] does not fit", "--cast truncate,saturate or truncate,wrap"),
        ([300.0], "int8", "truncate", "300.0 at [0] does not fit", "--cast truncate,saturate or truncate,wrap"),
        ([300.5], "uint8", "truncate", "300.5 at [0] does not fit", "--cast truncate,saturate or truncate,wrap"),
        ([300.5], "int8", "", "300.5 at [0] does not fit int8", "--cast saturate"),
        ([300.5], "int8", "wrap", "300.5 at [0] has a fraction", "--cast truncate,wrap"),
        ([1.0, math.nan], "int8", "", "nan at [1] is no number that int8 has", "--dtype float64"),
        ([math.inf], "uint64", "truncate", "inf at [0] is no number that uint64 has", "--dtype float64"),
        ([1e39], "float32", "", "1e+39 at [0] does not fit float32", "--cast saturate"),
        ([1e39], "complex64", "", "1e+39 at [0] does not fit complex64", "--cast saturate"),
        ([65520], "float16", "", "65520 at [0] does not fit float16", "--cast saturate"),
        ([1 + 2j], "float64", "", "(1+2j) at [0] has an imaginary part", "--dtype complex128"),
        ([300 + 2j], "int8", "saturate", "(300+2j) at [0] has an imaginary part", "--dtype complex128"),
        ([300 + 0j], "int8", "", "(300+0j) at [0] does not fit int8", "--cast saturate or wrap"),
    ],
)
def test_a_refusal_says_what_is_lost_and_what_lets_all_of_it_through(
    values: list[Any], target: str, casts: str, message: str, hint: str
) -> None:
    stored = np.array(values)
    conversion = Conversion(stored.dtype.name, target, casts_of(casts or None))
    with pytest.raises(DataError) as caught:
        conversion.apply(stored)
    assert caught.value.message.startswith(message)
    assert caught.value.hint == hint
    option, *ways = hint.replace(" or ", " ").split()
    for way in ways:
        if option == "--cast":
            conversion._replace(casts=casts_of(way)).apply(stored)
        else:
            conversion._replace(target=way).apply(stored)


FLOATS = st.floats(width=64) | st.integers(-(2**70), 2**70).map(float)


@given(st.lists(FLOATS, min_size=1, max_size=8), st.sampled_from(TARGETS), st.sampled_from(WAYS))
def test_nothing_is_lost_in_silence_but_by_rounding(values: list[float], target: str, casts: frozenset[str]) -> None:
    right = [expected(value, target, casts) for value in values]
    conversion = Conversion("float64", target, casts)
    if None in right:
        with pytest.raises(DataError) as caught:
            conversion.apply(np.array(values))
        assert caught.value.message.startswith(f"{values[right.index(None)]} at [{right.index(None)}]")
        return
    result = conversion.apply(np.array(values))
    assert all(same(one, other) for one, other in zip(result, right, strict=True))


@given(
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=8), st.sampled_from(TARGETS), st.sampled_from(WAYS)
)
def test_integers_are_the_same_or_refused(values: list[int], target: str, casts: frozenset[str]) -> None:
    right = [expected(value, target, casts) for value in values]
    conversion = Conversion("int64", target, casts)
    if None in right:
        with pytest.raises(DataError, match=rf"\A{values[right.index(None)]} at \[{right.index(None)}\]"):
            conversion.apply(np.array(values))
        return
    assert all(same(one, other) for one, other in zip(conversion.apply(np.array(values)).tolist(), right, strict=True))


def test_what_a_cast_may_be() -> None:
    assert casts_of(None) == frozenset()
    assert casts_of(" wrap , truncate") == {"wrap", "truncate"}
    with pytest.raises(UsageError, match="no such cast"):
        casts_of("saturated")
    with pytest.raises(UsageError, match="not both"):
        casts_of("saturate,wrap")


@pytest.mark.parametrize(
    ("holds", "wanted", "message"),
    [
        ("V2", None, "two bytes of no type"),
        ("V2", "float32", "two bytes of no type"),
        ("V8", "float32", "V8, not numbers"),
        ("object", "float32", "a pickle is never loaded"),
        ("records of r, g", "uint8", "records of r, g, not numbers"),
        ("str64", "float32", "str64, which nothing"),
        ("complex32", "complex64", "complex32, which nothing"),
        ("bool", None, "bool, which nothing"),
        ("float8_e5m2", None, "float8_e5m2, which nothing"),
    ],
)
def test_what_is_never_read(holds: str, wanted: str | None, message: str) -> None:
    with pytest.raises(DataError, match=message):
        dtype_read(holds, wanted)
    assert dtype_read("V2", "bfloat16") == "bfloat16"


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("source", STORED)
def test_where_no_value_can_be_lost_none_is_looked_for(source: str, target: str) -> None:
    finite = odd_values(source)
    finite = finite[np.isfinite(finite.astype(np.complex128))]
    kept = [expected(python_number(value), target, frozenset()) is not None for value in finite]
    # float8 is taken to be wider than it is, and a complex number may have no imaginary part.
    doubtful = source.startswith("float8") or DTYPES[source].kind == "c"
    assert all(kept) if holds_all(target, source) else doubtful or source == target or not all(kept)
