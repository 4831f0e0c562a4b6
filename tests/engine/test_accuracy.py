"""What is promised of errors: the textbook bound, whatever the algorithm and the data, and more on normal data."""

from __future__ import annotations

from functools import cache
from itertools import product
from math import prod, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from algorithm_cases import Case, attempt
from bounds import (
    UNITS,
    Limits,
    judged,
    part_of,
    textbook_limits,
    units_by_fractions,
    units_of,
    units_of_error,
)
from families import EVERY_FAMILY, FAMILIES, draw
from wide_reference import IS_WIDE

from conv2d_cli.backends.api import conv2d
from conv2d_cli.engine.algorithms.registry import PLANNERS
from conv2d_cli.engine.api import ACCURACIES, ALGORITHMS

if TYPE_CHECKING:
    from collections.abc import Iterator

    Array = np.ndarray[Any, Any]

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
SMALL_LAYERS = {
    "small 1x1": Case((1, 24, 2, 3), (2, 24, 1, 1)),
    "small 3x3": Case((1, 2, 4, 5), (3, 2, 3, 3), padding=(0, 1, 0, 0)),
    "small 3x3 of many channels": Case((1, 16, 3, 4), (1, 16, 3, 3), padding=(1, 0, 1, 0)),
    "small 3x3 of one channel": Case((1, 1, 5, 4), (1, 1, 3, 3), padding=(1, 0, 0, 1)),
    "small 3x3 depthwise": Case((1, 2, 4, 5), (2, 1, 3, 3), groups=2),
}
# Of the input and of the weight.
PAIRS = tuple((family, other) for family in EVERY_FAMILY for other in dict.fromkeys(("normal", family)))
EVERY_ALGORITHM = tuple(
    (name, accuracy)
    for name, accuracy in product(ALGORITHMS, ACCURACIES)
    if accuracy == "fast" or not PLANNERS[name].in_transform_domain
)
# Sums of these are no numbers of float16.
TOO_WIDE = {"wide_elements", "wide_pixels", "hot", "lognormal"}
# What `fast` is held to in a transform domain, in eps of the plane's largest magnitude.
ONE_SIGN, WIDE = {"uniform", "constant", "lognormal", "relu"}, {"wide_elements", "wide_pixels", "lognormal"}
WIDE_UNITS = 10


@cache
def drawn(layer: str, pair: tuple[str, str], dtype: str) -> tuple[Array, Array, Array | None]:
    case, seed = (LAYERS | SMALL_LAYERS)[layer], len(layer)
    x, weight = draw(seed, pair[0], case.x_shape, dtype), draw(seed + 1, pair[1], case.weight_shape, dtype)
    return x, weight, draw(seed + 2, "normal", case.weight_shape[:1], dtype) if case.bias else None


@cache
def judged_once(layer: str, pair: tuple[str, str], dtype: str) -> tuple[Array, Array]:
    return judged(*drawn(layer, pair, dtype), **(LAYERS | SMALL_LAYERS)[layer].layer)


@cache
def limits_of(layer: str, pair: tuple[str, str], dtype: str, *, in_transform_domain: bool) -> Limits:
    case = (LAYERS | SMALL_LAYERS)[layer]
    return textbook_limits(*drawn(layer, pair, dtype), in_transform_domain=in_transform_domain, **case.layer)


def results(
    name: str, accuracy: str, layers: dict[str, Case], dtype: str, families: set[str]
) -> Iterator[tuple[str, tuple[str, str], Array]]:
    """Yield the layer, the families and the output, wherever an algorithm takes the layer.

    Normal data is tried on every layer, every other pair of families on every other one.
    """
    for (place, (layer, case)), (number, pair) in product(enumerate(layers.items()), enumerate(PAIRS)):
        if {*pair} <= families and ((place + number) % 2 == 0 or pair == ("normal", "normal")):
            out = attempt(name, *drawn(layer, pair, dtype), accuracy=accuracy, threads=1, **case.layer)
            if out is not None:
                yield layer, pair, out


@pytest.mark.parametrize(("name", "accuracy"), EVERY_ALGORITHM)
def test_every_algorithm_keeps_the_textbook_bound(name: str, accuracy: str) -> None:
    transform = PLANNERS[name].in_transform_domain
    worst = {
        (layer, pair): part_of(limits_of(layer, pair, "float32", in_transform_domain=transform), out)
        for layer, pair, out in results(name, accuracy, LAYERS, "float32", {*EVERY_FAMILY})
    }
    assert worst
    assert max(worst.values()) <= 1, sorted(worst.items(), key=lambda found: -found[1])[:9]


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize("dtype", ["float64", "complex64", "complex128", "float16", "bfloat16"])
def test_other_types_keep_it_too(name: str, dtype: str) -> None:
    planner = PLANNERS[name]
    if dtype in {"float64", "complex128"} and not IS_WIDE:
        pytest.skip(f"no type here is wider than {dtype}")
    families = {*EVERY_FAMILY} - (TOO_WIDE if dtype == "float16" else set())
    layers = SMALL_LAYERS | {layer: LAYERS[layer] for layer in ("7x7 3 to 16, stride 2", "5x5 depthwise")}
    count = 0
    for layer, pair, out in results(name, "fast", layers, dtype, families):
        limits = limits_of(layer, pair, dtype, in_transform_domain=planner.in_transform_domain)
        assert part_of(limits, out) <= 1, (layer, pair)
        count += 1
    assert bool(count) == (dtype in planner.dtypes) or name == "pointwise"


@pytest.mark.parametrize("name", [name for name, planner in PLANNERS.items() if not planner.in_transform_domain])
def test_normal_data_is_within_four_eps_of_its_own_magnitude(name: str) -> None:
    units = {
        layer: units_of(out, *judged_once(layer, pair, "float32"))
        for layer, pair, out in results(name, "strict", LAYERS, "float32", {"normal"})
    }
    assert units
    assert max(units.values()) <= UNITS, units


def most_units(pair: tuple[str, str], length: int) -> float:
    """Return what `fast` may be off in a transform domain, in eps of the largest magnitude of the plane."""
    if {*pair} <= ONE_SIGN:
        return max(UNITS, 2 * sqrt(length))
    return WIDE_UNITS if {*pair} & WIDE else UNITS


@pytest.mark.parametrize("name", [name for name, planner in PLANNERS.items() if planner.in_transform_domain])
def test_transforms_are_measured_against_the_largest_magnitude_of_the_plane(name: str) -> None:
    over, count = {}, 0
    for layer, pair, out in results(name, "fast", LAYERS, "float32", {*FAMILIES}):
        units, count = units_of(out, *judged_once(layer, pair, "float32"), "fast"), count + 1
        if units > most_units(pair, prod(LAYERS[layer].weight_shape[1:])):
            over[layer, pair] = units
    assert count
    assert not over


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_types_are_rounded_once(name: str, dtype: str) -> None:
    taken = 0
    for layer, case in SMALL_LAYERS.items():
        x, weight, bias = drawn(layer, ("uniform", "uniform"), dtype)
        out = attempt(name, x, weight, bias, threads=1, **case.layer)
        assert bias is not None
        wide: Any = [array.astype(np.float64) for array in (x, weight, bias)]
        if out is not None:
            # The products are few: their sum in float64 is exact enough to say how it rounds.
            exact = conv2d(*wide, threads=1, algorithm="im2col", **case.layer)
            near = np.abs(out.astype(np.float64) - exact) <= 0.501 * np.spacing(np.abs(out)).astype(np.float64)
            assert near.all(), layer
            taken += 1
    assert bool(taken) == (dtype in PLANNERS[name].dtypes) or name == "pointwise"


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_results_below_the_normal_numbers_are_right_to_half_of_the_smallest(dtype: str) -> None:
    smallest = np.finfo(dtype).smallest_subnormal
    x = (np.arange(1, 65).reshape(1, 4, 4, 4) * smallest).astype(dtype)
    weight = np.linspace(-1, 1, 16).reshape(4, 4, 1, 1).astype(dtype)
    assert part_of(textbook_limits(x, weight), conv2d(x, weight)) <= 1


# ----- the judges -----


@pytest.mark.parametrize("layer", SMALL_LAYERS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "float16"])
def test_the_fast_judge_says_what_the_exact_one_says(layer: str, dtype: str) -> None:
    if dtype == "float64" and not IS_WIDE:
        return
    case = SMALL_LAYERS[layer]
    operands = drawn(layer, ("normal", "normal"), dtype)
    exact, magnitude = judged(*operands, **case.layer)
    # Off by up to three units, each element its own.
    random = np.random.default_rng(5)
    eps = np.finfo(dtype).eps
    actual = (exact + 3 * eps * magnitude * random.uniform(-1, 1, exact.shape)).astype(dtype)
    units = units_of_error(actual, *operands, **case.layer)
    assert 1 < units <= UNITS
    # The exact judge takes no half of the smallest subnormal off.
    assert units == pytest.approx(units_by_fractions(actual, *operands, **case.layer), rel=1e-3)


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


def test_the_textbook_s_judge_sees_an_error_beyond_the_bound() -> None:
    x, weight = np.full((1, 1, 1, 1), 1.5, np.float32), np.ones((1, 1, 1, 1), np.float32)
    # Of one product and a bias: twice the unit roundoff.
    for ulps, part in ((0, 0), (1, 2 / 3), (2, 4 / 3)):
        found = part_of(textbook_limits(x, weight), x + np.float32(ulps * 2.0**-23))
        assert found == pytest.approx(part, rel=1e-6)
    half = np.full((1, 1, 1, 1), 1.5, np.float16)
    assert part_of(textbook_limits(half, half / half), half + np.float16(2.0**-10)) > 1
