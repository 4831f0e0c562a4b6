"""NaN and infinities land where IEEE arithmetic on explicit padding puts them, whatever the algorithm."""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest
from algorithm_cases import Case, attempt
from wide_reference import wide_conv2d

from conv2d_cli.backends.api import conv2d
from conv2d_cli.engine.algorithms.registry import PLANNERS
from conv2d_cli.engine.api import ACCURACIES, ALGORITHMS
from conv2d_cli.numpy_dtypes import numpy_dtype

Array = np.ndarray[Any, Any]
LAYERS = (
    Case((2, 5, 9, 10), (4, 5, 3, 3), padding=(1, 1, 1, 1)),
    Case((2, 6, 8, 7), (5, 6, 1, 1), padding=(1, 0, 0, 2), bias=False),
    Case((1, 3, 11, 12), (4, 3, 5, 4), stride=(2, 1), padding=(2, 1, 2, 3), padding_mode="reflect"),
    Case((2, 4, 9, 9), (8, 1, 3, 3), padding=(1, 1, 1, 1), groups=4),
    Case((1, 1, 20, 21), (1, 1, 11, 11), padding=(5, 5, 5, 5)),
    Case((1, 1, 14, 13), (2, 1, 5, 5), padding=(2, 2, 2, 2), padding_mode="circular"),
    Case((1, 6, 9, 8), (4, 3, 3, 2), padding=(2, 1, 2, 1), dilation=(2, 1), groups=2, padding_mode="replicate"),
    Case((2, 17, 6, 7), (4, 17, 3, 3), padding=(0, 1, 1, 0), padding_mode="reflect"),
    Case((2, 6, 4, 5), (4, 6, 1, 1)),
    # Large enough for several blocks.
    Case((1, 24, 30, 33), (10, 24, 3, 3), padding=(1, 1, 1, 1)),
    Case((1, 1, 90, 81), (1, 1, 11, 11), padding=(5, 5, 5, 5)),
)
# Kinds of data: which operand holds which values, and where, as a part of the way through its elements.
KINDS: dict[str, tuple[tuple[str, tuple[float, ...], float], ...]] = {
    "an infinity in the first pixel": (("x", (np.inf,), 0.0),),
    "a NaN in the input": (("x", (np.nan,), 0.37),),
    "opposite infinities in the input": (("x", (np.inf, -np.inf), 0.62),),
    "an infinity in the last pixel": (("x", (-np.inf,), 1.0),),
    "a NaN in the weight": (("weight", (np.nan,), 0.37),),
    "infinities in weight and input": (("weight", (np.inf,), 0.5), ("x", (-np.inf,), 0.5)),
    "an infinity in the bias": (("bias", (-np.inf,), 0.5),),
    "values whose sums overflow": (("x", (3e38,) * 9, 0.3), ("weight", (3.0,) * 9, 0.2)),
}


def place(array: Array, values: tuple[float, ...], part: float) -> None:
    """Write values next to one another."""
    start = max(0, min(int(part * array.size), array.size - len(values)))
    array.reshape(-1)[start : start + len(values)] = values[: array.size]


@cache
def case_of(index: int, kind: str) -> tuple[tuple[Array, Array, Array | None], Array]:
    """Return the operands in float32, and the result of a direct sum over real zeros as padding, in float64."""
    case, random = LAYERS[index], np.random.default_rng(index)
    shapes = {"x": case.x_shape, "weight": case.weight_shape, "bias": case.weight_shape[:1]}
    arrays = {name: random.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
    # Zeros that an infinity meets make NaN.
    arrays["x"].reshape(-1)[::5] = 0
    arrays["weight"].reshape(-1)[::7] = 0
    for name, values, part in KINDS[kind]:
        place(arrays[name], values, part)
    bias = arrays["bias"] if case.bias else None
    top, left, bottom, right = case.padding
    layer: dict[str, Any] = {name: value for name, value in case.layer.items() if name != "padding"}
    with np.errstate(all="ignore"):
        exact, _ = wide_conv2d(arrays["x"], arrays["weight"], bias, sides=((top, bottom), (left, right)), **layer)
    return (arrays["x"], arrays["weight"], bias), exact.astype(np.float64)


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize("accuracy", ACCURACIES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_they_land_where_ieee_puts_them(name: str, accuracy: str, dtype: str) -> None:
    count = 0
    for (index, case), kind in product(enumerate(LAYERS), KINDS):
        (x, weight, bias), exact = case_of(index, kind)
        operands = x.astype(dtype), weight.astype(dtype), None if bias is None else bias.astype(dtype)
        out = attempt(name, *operands, accuracy=accuracy, threads=1 + index % 2, **case.layer)
        if out is None:
            continue
        message = f"{kind}: {case}"
        with np.errstate(over="ignore"):
            # What is too large for the type itself is an infinity; a sum on the way may be, which none promises.
            expected = exact.astype(dtype)
        if "overflow" in kind:
            seen = np.isfinite(expected) & (np.abs(exact) < 1e37)
            np.testing.assert_allclose(out[seen & np.isfinite(out)], exact[seen & np.isfinite(out)], 1e-3, 1e33)
            count += 1
            continue
        np.testing.assert_array_equal(np.isnan(out), np.isnan(expected), message)
        np.testing.assert_array_equal(np.isposinf(out), np.isposinf(expected), message)
        np.testing.assert_array_equal(np.isneginf(out), np.isneginf(expected), message)
        # The others are untouched by it.
        finite = np.isfinite(expected)
        np.testing.assert_allclose(out[finite], exact[finite], 1e-3, 1e-3, err_msg=message)
        count += 1
    allowed = accuracy == "fast" or not PLANNERS[name].in_transform_domain
    assert count >= len(KINDS) * allowed


@pytest.mark.parametrize("dtype", ["complex64", "float16", "bfloat16"])
def test_other_types_too(dtype: str) -> None:
    case = LAYERS[0]
    (x, weight, bias), exact = case_of(0, "opposite infinities in the input")
    assert bias is not None
    for name in ALGORITHMS:
        out = attempt(name, *(array.astype(numpy_dtype(dtype)) for array in (x, weight, bias)), **case.layer)
        if out is not None:
            np.testing.assert_array_equal(np.isfinite(out.astype(np.complex64)), np.isfinite(exact), name)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize(("name", "filters", "side"), [("winograd", 64, 6), ("winograd", 64, 30), ("fft", 4, 3)])
def test_a_weight_that_is_not_finite_reaches_its_own_filter_alone(
    value: float, name: str, filters: int, side: int
) -> None:
    random = np.random.default_rng(0)
    x = random.standard_normal((2, filters, side, side)).astype("f4")
    weight = random.standard_normal((filters, filters, 3, 3)).astype("f4")
    weight[1, 2, 2, 0] = value
    again = conv2d(x, weight, padding=1, accuracy="fast", algorithm=name, threads=1)
    plain = conv2d(x, weight, padding=1, algorithm="im2col", threads=1)
    for found in (np.isnan, np.isposinf, np.isneginf):
        np.testing.assert_array_equal(found(again), found(plain))
    assert np.isfinite(plain[:, 0]).all()
    assert not np.isfinite(plain[:, 1]).any()


def test_finite_outputs_whose_squares_overflow_are_not_done_again() -> None:
    random = np.random.default_rng(0)
    x = random.standard_normal((1, 32, 12, 12)).astype("f4") * np.float32(1e30)
    weight = random.standard_normal((32, 32, 3, 3)).astype("f4")
    large = conv2d(x, weight, accuracy="fast", algorithm="winograd", threads=1)
    # A power of two rounds nothing.
    scaled = conv2d(x * np.float32(2.0**-90), weight, accuracy="fast", algorithm="winograd", threads=1)
    assert large.tobytes() == (scaled * np.float32(2.0**90)).tobytes()
