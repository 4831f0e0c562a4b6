"""The bound of `strict` on data made to break it."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from bounds import assert_within_bound

from conv2d_cli.engine.convolution import conv2d
from conv2d_cli.numpy_dtypes import numpy_dtype

if TYPE_CHECKING:
    from collections.abc import Callable

Array = np.ndarray[Any, Any]
REAL = ("float32", "float64", "float16", "bfloat16")
COMPLEX = ("complex64", "complex128")


def uniform(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return random.random(shape)


def constant(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return np.full(shape, random.uniform(1, 2))


def wide_range(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return random.choice([-1.0, 1.0], shape) * 10.0 ** random.uniform(-4, 0, shape)


def cancelling(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    values = random.standard_normal(shape)
    values.reshape(-1)[1::2] = -values.reshape(-1)[: values.size // 2 * 2 : 2]
    return values


KINDS = (uniform, constant, wide_range, cancelling)


def draw(
    kind: Callable[[np.random.Generator, tuple[int, ...]], Array], dtype: str, channels: int, kernel: int, seed: int
) -> tuple[Array, Array, Array]:
    random = np.random.default_rng(seed)
    x, weight, bias = (
        kind(random, shape) for shape in ((1, channels, kernel, kernel + 2), (2, channels, kernel, kernel), (2,))
    )
    if dtype in COMPLEX:
        # Conjugate directions: the real parts of all products then add up.
        x, weight = x * (1 + 1j), weight * (1 - 1j)
    element = numpy_dtype(dtype)
    return x.astype(element), weight.astype(element), bias.astype(element)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [*REAL, *COMPLEX])
@pytest.mark.parametrize(("channels", "kernel"), [(1, 1), (3, 3), (64, 1), (64, 3)])
def test_each_element_keeps_its_bound(kind: Any, dtype: str, channels: int, kernel: int) -> None:
    x, weight, bias = draw(kind, dtype, channels, kernel, seed=channels)
    assert_within_bound(conv2d(x, weight, bias), x, weight, bias)


@pytest.mark.parametrize("kind", [uniform, constant])
@pytest.mark.parametrize("dtype", REAL)
def test_long_sums_keep_it_too(kind: Any, dtype: str) -> None:
    x, weight, _ = draw(kind, dtype, 512, 3, seed=3)
    assert_within_bound(conv2d(x, weight), x, weight)


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("taps", [15, 16, 17, 31, 32, 48, 100])
def test_constant_images_do_not_drift(dtype: str, taps: int) -> None:
    random = np.random.default_rng(taps)
    values = random.uniform(1, 2, 60).astype(numpy_dtype(dtype))
    x = np.broadcast_to(values.reshape(1, 1, 1, 60), (1, taps, 1, 60))
    weight = np.full((1, taps, 1, 1), random.uniform(1, 2)).astype(numpy_dtype(dtype))
    assert_within_bound(conv2d(x, weight), x, weight)


def test_the_largest_error_is_as_small_as_rounding_once() -> None:
    errors = []
    for seed, (channels, kernel) in enumerate([(3, 3), (16, 1), (64, 3), (256, 1), (3, 7)]):
        x, weight, bias = draw(wide_range, "float32", channels, kernel, seed)
        errors.append(assert_within_bound(conv2d(x, weight, bias), x, weight, bias))
    assert statistics.median(errors) <= 0.5


def test_float32_and_the_half_types_are_rounded_once() -> None:
    for dtype in ("float32", "float16"):
        x, weight, bias = draw(uniform, dtype, 64, 3, seed=5)
        exact = np.einsum("nchw,ochw->no", x[..., :3].astype("f8"), weight.astype("f8")) + bias.astype("f8")
        np.testing.assert_array_equal(conv2d(x[..., :3], weight, bias)[:, :, 0, 0], exact.astype(dtype))


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_results_below_the_normal_numbers_are_right_to_half_of_the_smallest(dtype: str) -> None:
    smallest = np.finfo(dtype).smallest_subnormal
    x = (np.arange(1, 65).reshape(1, 4, 4, 4) * smallest).astype(dtype)
    weight = np.linspace(-1, 1, 16).reshape(4, 4, 1, 1).astype(dtype)
    assert_within_bound(conv2d(x, weight), x, weight)


def test_groups_dilation_and_padding_keep_the_bound() -> None:
    random = np.random.default_rng(11)
    x, weight, bias = (random.random(shape).astype("f4") for shape in ((2, 4, 6, 5), (6, 2, 3, 2), (6,)))
    out = conv2d(x, weight, bias, (2, 1), (2, 1), (2, 1), 2, padding_mode="reflect")
    layer: dict[str, Any] = {"stride": (2, 1), "padding": (2, 1, 2, 1), "dilation": (2, 1), "groups": 2}
    assert_within_bound(out, x, weight, bias, padding_mode="reflect", **layer)


def test_the_judge_sees_an_error_beyond_the_bound() -> None:
    x, weight = np.full((1, 1, 1, 1), 1.5), np.ones((1, 1, 1, 1))
    assert assert_within_bound(np.full((1, 1, 1, 1), 1.5 * (1 + 2 * 2.0**-52)), x, weight) == 2
    with pytest.raises(AssertionError, match="is off by"):
        assert_within_bound(np.full((1, 1, 1, 1), 1.5 * (1 + 6 * 2.0**-52)), x, weight)


@pytest.mark.parametrize("place", [0, 1000, 40_000])
@pytest.mark.parametrize("size", [30.0, 300.0, 3e4])
def test_one_value_that_outweighs_all_others_is_seen_wherever_it_stands(place: int, size: float) -> None:
    random = np.random.default_rng(place)
    x, weight = (random.standard_normal(shape).astype("f4") for shape in ((1, 64, 30, 30), (8, 64, 3, 3)))
    x.reshape(-1)[place] = size
    row, column = place % 900 // 30, place % 30
    top, left = max(0, row - 2), max(0, column - 2)
    out = conv2d(x, weight)[:, :, top : top + 3, left : left + 3]
    near = x[:, :, top : top + 5, left : left + 5]
    assert_within_bound(out[:, :, : near.shape[2] - 2, : near.shape[3] - 2], near, weight)


def test_an_image_of_zeros_but_for_what_the_sample_misses_is_judged_whole() -> None:
    x = np.zeros((1, 64, 40, 40), np.float32)
    x[0, :, 5:9, 33:37] = np.random.default_rng(1).random((64, 4, 4))
    weight = np.random.default_rng(2).random((4, 64, 3, 3)).astype("f4")
    out = conv2d(x, weight)
    assert_within_bound(out[:, :, 5:7, 33:35], x[:, :, 5:9, 33:37], weight)
