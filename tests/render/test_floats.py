"""The shortest digits read back to the same value in their type, and one digit less does not."""

from __future__ import annotations

import math
import struct
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.render.floats import number_text, shortest


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_float32_reads_back_as_numpy_would_write_it(value: float) -> None:
    text = shortest(value, "float32")
    assert np.float32(text) == np.float32(value)
    digits = text.lower().partition("e")[0].replace(".", "").lstrip("-0").rstrip("0")
    assert len(digits) <= len(f"{np.float32(value):.17g}")
    assert len(digits) <= 9


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_float64_reads_back(value: float) -> None:
    assert float(shortest(value, "float64")) == value


@pytest.mark.parametrize(("dtype", "kind"), [("float16", np.float16), ("bfloat16", ml_dtypes.bfloat16)])
def test_every_value_of_16_bits_reads_back(dtype: str, kind: Any) -> None:
    bits = np.arange(0, 2**16, 7, dtype=np.uint16)
    with np.errstate(invalid="ignore"):
        values = bits.view(kind).astype(np.float64)
    for value in values:
        if math.isfinite(value):
            assert kind(float(shortest(float(value), dtype))) == kind(value)


def test_no_exponent_is_written_where_none_is_shorter() -> None:
    assert [shortest(value, "float32") for value in (400.0, -0.0, 65536.0, 1e20, 1e-7)] == [
        *("400", "-0", "65536", "1e+20", "1e-07")
    ]


def test_words_of_values() -> None:
    one_third = struct.unpack("<f", struct.pack("<f", 1 / 3))[0]
    values: list[tuple[object, str, str]] = [
        (-1.361377835273742675781, "float32", "-1.3613778"),
        (one_third, "float32", "0.33333334"),
        (0.0180040207, "float32", "0.01800402"),
        (1 / 3, "float64", "0.3333333333333333"),
        (1 / 3, "float16", "0.3333"),
        (1 / 3, "bfloat16", "0.3333"),
        (0.333984375, "bfloat16", "0.334"),
        (1 / 3, "int8", "0.33333333"),
        (None, "complex64", "-"),
        ([1.5, -2.0], "complex64", "1.5-2j"),
        (1.5 + 0.1j, "complex64", "1.5+0.1j"),
        (-1234, "int32", "-1,234"),
        (True, "bool", "true"),
        (float("nan"), "float32", "nan"),
        (float("-inf"), "float16", "-inf"),
        (1e300, "float32", "1.0000000000000001e+300"),
        (1e300, "bfloat16", "1.0000000000000001e+300"),
    ]
    for value, dtype, text in values:
        assert number_text(value, dtype) == text
