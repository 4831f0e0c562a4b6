"""Every element of an exact convolution is the correctly rounded value of its exact sum."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from exact_data import KINDS, drawn_layer, made
from exact_reference import exact_conv2d

from conv2d_cli import conv2d
from conv2d_cli.numpy_dtypes import numpy_dtype

DTYPES = ("float32", "float16", "bfloat16", "float64", "complex64")
Array = np.ndarray[Any, Any]


def bits(values: Array) -> Array:
    """Return patterns of the components, so that +0 and -0 and NaNs are told apart."""
    real = values.view(values.real.dtype)
    return real.view(f"u{real.itemsize}")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_element_is_rounded_correctly(dtype: str, kind: str) -> None:
    random = Random(f"{dtype} {kind}")
    for _ in range(3):
        layer, shapes = drawn_layer(random)
        x, weight, bias = made(kind, dtype, shapes, random)
        (top, bottom), (left, right) = layer["sides"]
        got = conv2d(
            x,
            weight,
            bias,
            layer["stride"],
            (top, left, bottom, right),
            layer["dilation"],
            layer["groups"],
            padding_mode=layer["padding_mode"],
            accuracy="exact",
        )
        expected = exact_conv2d(x, weight, bias, **layer)
        assert got.dtype == numpy_dtype(dtype)
        np.testing.assert_array_equal(bits(got), bits(expected), f"{layer} {shapes}")
