"""Each algorithm's bound on families of data made to break it, and where infinities and NaN land."""

from __future__ import annotations

from functools import cache
from itertools import pairwise, product
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from algorithm_cases import ACCURACIES, Case, attempt, fitting_kinds
from bounds import UNITS, assert_within_bound, judged, units_of, units_of_error
from wide_reference import IS_WIDE, wide_conv2d

from conv2d_cli.engine.algorithms import ALGORITHMS
from conv2d_cli.engine.convolution import conv2d
from conv2d_cli.engine.plan import plan_convolution
from conv2d_cli.engine.summation import RUNS, WHOLE
from conv2d_cli.layer.forward import geometry_of
from conv2d_cli.layer.model import Conv2d
from conv2d_cli.numpy_dtypes import numpy_dtype

if TYPE_CHECKING:
    from collections.abc import Iterable

Array = np.ndarray[Any, Any]


def normal(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return random.standard_normal(shape)


def uniform(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return random.random(shape)


def sparse(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return np.maximum(random.standard_normal(shape) - 1, 0)


def half_zero(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    values = random.standard_normal(shape)
    values[..., : (shape[-1] + 1) // 2] = 0
    return values


def wide_elements(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return random.choice([-1.0, 1.0], shape) * 10.0 ** random.uniform(-6, 6, shape)


def wide_pixels(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    factors = 10.0 ** random.uniform(-6, 6, (shape[0], 1, *shape[2:]))
    return factors * random.standard_normal(shape)


def constant(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return np.full(shape, random.uniform(1, 2))


def tenth(_: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return np.full(shape, 0.1)


def box(_: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Return the filter that takes the mean over its window and all its channels."""
    return np.full(shape, 1 / prod(shape[1:]))


def hot(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Return normal values with one that outweighs all others."""
    values = random.standard_normal(shape)
    values.flat[random.integers(values.size)] = 1e4
    return values


def mostly_positive(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return random.uniform(0.2, 1, shape) * np.where(random.random(shape) < 0.9, 1, -1)


FAMILIES = {
    family.__name__: family
    for family in (
        normal, uniform, sparse, half_zero, wide_elements, wide_pixels, constant, tenth, box, hot, mostly_positive,
    )
}  # fmt: skip
# Of the input and of the weight: the last two matter to one of them.
PAIRS = tuple(pair for pair in product(FAMILIES, FAMILIES) if pair[0] != "mostly_positive" and pair[1] != "hot")
LAYERS = {
    "3x3 64 to 32": Case((1, 64, 14, 14), (32, 64, 3, 3), padding=(1, 1, 1, 1)),
    "1x1 256 to 64": Case((1, 256, 14, 14), (64, 256, 1, 1), bias=False),
    "3x3 512 to 16": Case((1, 512, 7, 7), (16, 512, 3, 3), padding=(1, 1, 1, 1)),
    "7x7 3 to 16, stride 2": Case((1, 3, 32, 32), (16, 3, 7, 7), stride=(2, 2), padding=(3, 3, 3, 3)),
    "3x3 depthwise": Case((1, 16, 20, 20), (16, 1, 3, 3), padding=(1, 1, 1, 1), groups=16, bias=False),
    "5x5 depthwise": Case((1, 16, 20, 20), (16, 1, 5, 5), padding=(2, 2, 2, 2), groups=16),
    "7x7 depthwise": Case((1, 16, 20, 20), (16, 1, 7, 7), padding=(3, 3, 3, 3), groups=16, padding_mode="reflect"),
    "11x11 of one channel": Case((1, 1, 64, 64), (1, 1, 11, 11), padding=(5, 0, 5, 5)),
    "31x31 of one channel": Case((1, 1, 64, 64), (1, 1, 31, 31), bias=False),
    "3x3 of 8 groups": Case((1, 32, 14, 14), (32, 4, 3, 3), padding=(1, 1, 1, 1), groups=8, padding_mode="replicate"),
    "3x3 dilated": Case((1, 32, 14, 14), (32, 32, 3, 3), padding=(2, 2, 2, 2), dilation=(2, 2)),
}
HALF_LAYERS = ("3x3 64 to 32", "7x7 3 to 16, stride 2", "5x5 depthwise")
# Sums of these are no numbers of float16.
TOO_WIDE = {"wide_elements", "wide_pixels"}
SMALL_LAYERS = {
    "small 1x1": Case((1, 24, 2, 3), (2, 24, 1, 1)),
    "small 3x3": Case((1, 2, 4, 5), (3, 2, 3, 3), padding=(0, 1, 0, 0)),
    "small 3x3 of many channels": Case((1, 16, 3, 4), (1, 16, 3, 3), padding=(1, 0, 1, 0)),
    "small 3x3 of one channel": Case((1, 1, 5, 4), (1, 1, 3, 3), padding=(1, 0, 0, 1)),
    "small 3x3 depthwise": Case((1, 2, 4, 5), (2, 1, 3, 3), groups=2),
}


@cache
def drawn(layer: str, x_family: str, weight_family: str, dtype: str) -> tuple[Array, Array, Array | None]:
    case = (LAYERS | SMALL_LAYERS)[layer]
    random = np.random.default_rng([*layer.encode(), *x_family.encode(), 0, *weight_family.encode()])
    families = (x_family, weight_family, "normal")
    shapes = (case.x_shape, case.weight_shape, case.weight_shape[:1])
    arrays = []
    for family, shape in zip(families, shapes, strict=True):
        values = FAMILIES[family](random, shape)
        if dtype.startswith("complex"):
            values = values + 1j * FAMILIES[family](random, shape)
        arrays.append(values.astype(numpy_dtype(dtype)))
    return arrays[0], arrays[1], arrays[2] if case.bias else None


@cache
def judged_once(layer: str, x_family: str, weight_family: str, dtype: str) -> tuple[Array, Array]:
    return judged(*drawn(layer, x_family, weight_family, dtype), **LAYERS[layer].layer)


def takes(name: str, case: Case, dtype: str, accuracy: str) -> bool:
    return attempt(name, *case.operands(dtype), accuracy=accuracy, **case.layer) is not None


def taken(layers: Iterable[str], dtype: str) -> list[Any]:
    """Return (algorithm, accuracy, layer) wherever an algorithm takes a layer."""
    return [
        (name, accuracy, layer)
        for name, accuracy, layer in product(ALGORITHMS, ACCURACIES, layers)
        if takes(name, LAYERS[layer], dtype, accuracy)
    ]


TAKEN = taken(LAYERS, "float32")
THIRDS = 3


def check_pairs(name: str, accuracy: str, layer: str, dtype: str, pairs: Iterable[tuple[str, str]], least: int) -> None:
    """Check that all pairs of families (of the input, of the weight) keep the bound; name those that do not."""
    over, count = {}, 0
    for pair in pairs:
        out = attempt(
            name, *drawn(layer, *pair, dtype), accuracy=accuracy, threads=1, settle=True, **LAYERS[layer].layer
        )
        assert out is not None
        units = units_of(out, *judged_once(layer, *pair, dtype), accuracy)
        count += 1
        if not units <= UNITS:
            over[pair] = units
    worst = sorted(over.items(), key=lambda found: -found[1])
    assert not over, f"{len(over)} of {count} pairs are over {UNITS} units: {worst[:9]}"
    assert count >= least


@pytest.mark.parametrize(("name", "accuracy", "layer"), TAKEN)
def test_float32_keeps_the_bound(name: str, accuracy: str, layer: str) -> None:
    # A third of the pairs each: of a layer's algorithms, and over the layers, all are there.
    first = TAKEN.index((name, accuracy, layer)) % THIRDS
    check_pairs(name, accuracy, layer, "float32", PAIRS[first::THIRDS], 33)


@pytest.mark.parametrize(("name", "accuracy", "layer"), taken(HALF_LAYERS, "float16"))
def test_float16_keeps_the_bound(name: str, accuracy: str, layer: str) -> None:
    narrow = [family for family in FAMILIES if family not in TOO_WIDE]
    check_pairs(name, accuracy, layer, "float16", product(narrow, narrow), 49)


@pytest.mark.parametrize(("name", "accuracy", "layer"), taken(HALF_LAYERS, "bfloat16"))
def test_bfloat16_keeps_the_bound(name: str, accuracy: str, layer: str) -> None:
    check_pairs(name, accuracy, layer, "bfloat16", pairwise(FAMILIES), 8)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_an_algorithm_that_takes_float32_is_judged(name: str) -> None:
    accuracies = {accuracy for accuracy in ACCURACIES if fitting_kinds(name, "float32", accuracy)}
    assert {accuracy for other, accuracy, _ in TAKEN if other == name} == accuracies


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_is_judged_under_each_accuracy(layer: str) -> None:
    assert {accuracy for _, accuracy, other in TAKEN if other == layer} == {*ACCURACIES}


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize("dtype", ["float64", "complex64", "complex128"])
def test_other_types_keep_the_bound_too(name: str, dtype: str) -> None:
    count = 0
    pairs = [*zip(FAMILIES, FAMILIES, strict=True), *pairwise(FAMILIES), *pairwise(reversed(FAMILIES))]
    for (layer, case), accuracy, pair in product(SMALL_LAYERS.items(), ACCURACIES, pairs):
        operands = drawn(layer, *pair, dtype)
        out = attempt(name, *operands, accuracy=accuracy, settle=True, **case.layer)
        if out is None:
            continue
        count += 1
        if accuracy == "strict":
            assert_within_bound(out, *operands, **case.layer)
        elif IS_WIDE or dtype == "complex64":
            assert units_of_error(out, *operands, accuracy, **case.layer) <= UNITS, (layer, pair)
    if any(fitting_kinds(name, dtype, accuracy) for accuracy in ACCURACIES):
        assert count >= len(pairs)


# ----- infinities and NaN -----

SPECIAL_LAYERS = (
    Case((2, 5, 9, 10), (4, 5, 3, 3), padding=(1, 1, 1, 1)),
    Case((2, 6, 8, 7), (5, 6, 1, 1), padding=(1, 0, 0, 2), bias=False),
    Case((1, 3, 11, 12), (4, 3, 5, 4), stride=(2, 1), padding=(2, 1, 2, 3), padding_mode="reflect"),
    Case((2, 4, 9, 9), (8, 1, 3, 3), padding=(1, 1, 1, 1), groups=4),
    Case((1, 1, 20, 21), (1, 1, 11, 11), padding=(5, 5, 5, 5)),
    Case((1, 1, 14, 13), (2, 1, 5, 5), padding=(2, 2, 2, 2), padding_mode="circular"),
    Case((1, 6, 9, 8), (4, 3, 3, 2), padding=(2, 1, 2, 1), dilation=(2, 1), groups=2, padding_mode="replicate"),
    Case((1, 16, 6, 7), (3, 16, 3, 3), padding=(1, 1, 1, 1)),
    Case((1, 17, 5, 6), (4, 17, 3, 3), padding=(0, 1, 1, 0), padding_mode="reflect"),
    Case((2, 6, 4, 5), (4, 6, 1, 1)),
    Case((1, 6, 4, 5), (4, 3, 1, 1), stride=(2, 1), groups=2),
    # Large enough for several blocks.
    Case((1, 12, 30, 33), (10, 12, 3, 3), padding=(1, 1, 1, 1)),
    Case((1, 1, 90, 81), (1, 1, 11, 11), padding=(5, 5, 5, 5)),
)
# Each is written into one operand at one place, as a fraction of the way through its elements.
SPECIALS = {"inf": (np.inf,), "-inf": (-np.inf,), "nan": (np.nan,), "inf and -inf": (np.inf, -np.inf)}
PLACES = (0.0, 0.37, 0.999)


def with_special(array: Array, values: tuple[float, ...], place: float) -> Array:
    changed = array.copy()
    start = min(int(place * array.size), array.size - len(values))
    changed.reshape(-1)[max(start, 0) : max(start, 0) + len(values)] = values[: array.size]
    return changed


@cache
def special_cases(index: int) -> list[tuple[str, tuple[Array, Array, Array | None], Array]]:
    """Return what was changed, the operands in float32, and the result of a direct sum over real zeros as padding."""
    case, random = SPECIAL_LAYERS[index], np.random.default_rng(index)
    plain: list[Array] = [
        random.standard_normal(shape).astype(np.float32)
        for shape in (case.x_shape, case.weight_shape, case.weight_shape[:1])
    ]
    # Zeros that an infinity meets make NaN.
    plain[0].reshape(-1)[::5] = 0
    plain[1].reshape(-1)[::7] = 0
    found = []
    for (special, values), place, operand in product(SPECIALS.items(), PLACES, range(3)):
        x, weight, bias = (
            with_special(array, values, place) if operand == changed else array for changed, array in enumerate(plain)
        )
        if operand == 2 and not case.bias:
            continue
        top, left, bottom, right = case.padding
        offsets = bias if case.bias else None
        layer: dict[str, Any] = {name: value for name, value in case.layer.items() if name != "padding"}
        with np.errstate(all="ignore"):
            exact, _ = wide_conv2d(x, weight, offsets, sides=((top, bottom), (left, right)), **layer)
        what = f"{special} at {place} of {('x', 'weight', 'bias')[operand]}"
        found.append((what, (x, weight, offsets), exact.astype(np.float64)))
    return found


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize("accuracy", ACCURACIES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_not_finite_lands_where_ieee_puts_it(name: str, accuracy: str, dtype: str) -> None:
    count = 0
    for index, case in enumerate(SPECIAL_LAYERS):
        if not takes(name, case, dtype, accuracy):
            continue
        for what, (x, weight, bias), exact in special_cases(index):
            operands = x.astype(dtype), weight.astype(dtype), None if bias is None else bias.astype(dtype)
            out = attempt(name, *operands, accuracy=accuracy, settle=True, **case.layer)
            assert out is not None
            message = f"{what}: {case}"
            np.testing.assert_array_equal(np.isnan(out), np.isnan(exact), message)
            np.testing.assert_array_equal(np.isposinf(out), np.isposinf(exact), message)
            np.testing.assert_array_equal(np.isneginf(out), np.isneginf(exact), message)
            # The others are untouched by it.
            finite = np.isfinite(exact)
            np.testing.assert_allclose(out[finite], exact[finite], 1e-3, 1e-3, err_msg=message)
            count += 1
    if fitting_kinds(name, dtype, accuracy):
        assert count >= 2 * len(SPECIALS) * len(PLACES)


def test_an_algorithm_that_other_sums_lead_to_looks_for_infinities_too() -> None:
    # Filters of one sign ask for runs, and those for row lowering, which makes several rows by one product.
    x = np.random.default_rng(1).random((1, 128, 28, 28)).astype("f4")
    weight = np.random.default_rng(2).random((16, 8, 7, 7)).astype("f4")
    geometry = geometry_of(Conv2d(128, 16, 7, padding=3, groups=16), x.shape)
    needs = [plan_convolution(geometry, accuracy="fast", kind=kind).layout.needs_finite for kind in (WHOLE, RUNS)]
    assert needs == [False, True]
    x[0, 0, 14, 15] = np.inf
    out = conv2d(x, weight, padding=3, groups=16, accuracy="fast", threads=1)
    assert not np.isnan(out).any()
    assert np.isinf(out).sum() == 7 * 7


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize(("name", "filters", "side"), [("winograd", 64, 6), ("winograd", 64, 30), ("fft", 4, 3)])
def test_a_weight_that_is_not_finite_is_found_by_itself_or_in_a_small_output(
    value: float, name: str, filters: int, side: int
) -> None:
    random = np.random.default_rng(0)
    x = random.standard_normal((2, filters, side, side)).astype("f4")
    weight = random.standard_normal((filters, filters, 3, 3)).astype("f4")
    weight[1, 2, 2, 0] = value
    spread = conv2d(x, weight, padding=1, accuracy="fast", algorithm=name, threads=1)
    kept = conv2d(x, weight, padding=1, algorithm="im2col", threads=1)
    for found in (np.isnan, np.isposinf, np.isneginf):
        np.testing.assert_array_equal(found(spread), found(kept))
    assert np.isfinite(kept[:, 0]).all()
    assert not np.isfinite(kept[:, 1]).any()


# ----- the judge -----


@pytest.mark.parametrize("layer", SMALL_LAYERS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "float16"])
def test_the_fast_judge_says_what_the_exact_one_says(layer: str, dtype: str) -> None:
    if dtype == "float64" and not IS_WIDE:
        return
    case = SMALL_LAYERS[layer]
    operands = drawn(layer, "normal", "uniform", dtype)
    exact, magnitude = judged(*operands, **case.layer)
    # Off by up to three units, each element its own.
    random = np.random.default_rng(5)
    eps = np.finfo(dtype).eps
    actual = (exact + 3 * eps * magnitude * random.uniform(-1, 1, exact.shape)).astype(dtype)
    units = units_of_error(actual, *operands, **case.layer)
    assert 1 < units <= UNITS
    # The exact judge takes no half of the smallest subnormal off.
    assert units == pytest.approx(assert_within_bound(actual, *operands, **case.layer), rel=1e-3)


def test_the_fast_judge_measures_against_the_plane_where_it_may() -> None:
    x = np.array([1.0, 1000.0], np.float32).reshape(1, 1, 1, 2)
    weight = np.ones((1, 1, 1, 1), np.float32)
    actual = x + np.float32(100 * 2.0**-23) * np.array([1, 0], np.float32)
    assert units_of_error(actual, x, weight) == pytest.approx(100)
    assert units_of_error(actual, x, weight, accuracy="fast") == pytest.approx(0.1)


def test_the_fast_judge_forgives_half_of_the_smallest_subnormal_and_nothing_else() -> None:
    zero, one = np.zeros((1, 1, 1, 1), np.float32), np.ones((1, 1, 1, 1), np.float32)
    assert units_of_error(zero, zero, one) == 0
    assert units_of_error(np.full_like(zero, 2.0**-149), zero, one) == np.inf
    assert units_of_error(np.full_like(zero, 2.0**-149), one * np.float32(2.0**-149), one) == 0
    assert units_of_error(zero, one * np.float32(2.0**-149), one * np.float32(0.5)) == 0
    assert units_of_error(np.full_like(zero, np.nan), one, one) == np.inf
    assert units_of_error(np.full_like(zero, np.inf), one, one) == np.inf
    assert units_of_error(zero[:0], zero[:0], one) == 0
