from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from conv2d_cli.engine.summation import LONG_RUNS, RUNS, WHOLE, WIDE, blas_run, even_run, long_run, spare_products
from conv2d_cli.engine.summation import summation as summed
from conv2d_cli.engine.values import Weights
from conv2d_cli.engine.values import kinds_of as kinds_with

Array = np.ndarray[Any, Any]


def normal(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).standard_normal(shape).astype("f4")


def uniform(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).random(shape).astype("f4")


def kinds_of(x: Array, weight: Array, accuracy: str, run: int = 288) -> list[str]:
    return kinds_with(x, Weights(weight), accuracy, run)


X, WEIGHT = normal(1, 64, 14, 14), normal(32, 64, 3, 3, seed=1)


@pytest.mark.parametrize(
    ("x", "weight", "strict", "fast"),
    [
        (X, WEIGHT, WHOLE, WHOLE),
        # All of one sign: partial sums grow.
        (X, uniform(32, 64, 3, 3), RUNS, RUNS),
        (np.maximum(X, 0), WEIGHT, WHOLE, WHOLE),
        # Few different values, of either sign, zeros apart.
        (X, np.full((32, 64, 3, 3), 0.1, np.float32), WIDE, WIDE),
        # Half of them zero, the others of one sign: `fast` needs level values.
        (X, np.where(WEIGHT > 0, WEIGHT, 0), RUNS, WIDE),
        # Spread over many decades, or one above all.
        (X, (10 ** (3 * normal(32, 64, 3, 3))).astype("f4"), WIDE, WIDE),
        ((10 ** (3 * X)).astype("f4"), WEIGHT, WIDE, WIDE),
        # Products that would be subnormal.
        (X * np.float32(1e-25), WEIGHT * np.float32(1e-12), WIDE, WIDE),
        (X * np.float32(1e-25), WEIGHT, WHOLE, WHOLE),
        (np.zeros_like(X), WEIGHT, WHOLE, WHOLE),
    ],
)
def test_what_values_ask_for(x: Array, weight: Array, strict: str, fast: str) -> None:
    assert kinds_of(x, weight, "strict") == [strict]
    assert kinds_of(x, weight, "fast") == [fast]


def test_sparse_inputs_keep_out_what_mixes_pixels() -> None:
    assert kinds_of(np.maximum(X, 0), WEIGHT, "fast") == [WHOLE]
    assert kinds_of(np.maximum(X - 1, 0), WEIGHT, "fast") == [LONG_RUNS]


def test_one_filter_of_many_decides() -> None:
    for odd, kind in ((np.full((64, 3, 3), 0.1), WIDE), (uniform(64, 3, 3), RUNS)):
        weight = normal(600, 64, 3, 3)
        weight[417] = odd
        assert kinds_of(X, weight, "strict") == [kind]


@pytest.mark.parametrize("seed", range(12))
def test_a_sample_that_is_too_small_suspects_no_filter_for_good(seed: int) -> None:
    weight = normal(1024, 256, 1, 1, seed=seed)
    x = normal(1, 256, 14, 14, seed=seed)
    assert kinds_of(x, weight, "strict", 256) == [WHOLE]
    # Three quarters of its products have no partner of the other sign.
    weight[700, :192] = np.abs(weight[700, :192])
    assert kinds_of(x, weight, "strict", 256) == [RUNS]


def test_each_image_is_judged_by_itself() -> None:
    x = np.concatenate([X, X, X])
    x[1] = (10 ** (3 * X[0])).astype("f4")
    x[2, 5, 3, 3] = np.nan
    assert kinds_of(x, WEIGHT, "strict") == [WHOLE, WIDE, WIDE]


def test_nine_products_keep_the_bound_whatever_their_values() -> None:
    weight = np.full((8, 1, 3, 3), 0.1, np.float32)
    assert kinds_of(normal(1, 8, 9, 9), weight, "strict") == [WHOLE]
    # Whatever the runs, so few are one.
    assert summed("float32", 9, LONG_RUNS) == (WHOLE, "float32", 9)


def test_layouts_in_memory_change_nothing() -> None:
    turned = np.ascontiguousarray(X.swapaxes(2, 3)).swapaxes(2, 3)
    assert kinds_of(turned, WEIGHT, "strict") == [WHOLE]
    assert kinds_of(X.astype(">f4"), WEIGHT.astype(">f4"), "strict") == [WHOLE]


@pytest.mark.parametrize(
    ("taps", "run", "long"), [(27, 27, 27), (64, 32, 64), (256, 64, 128), (576, 96, 192), (4608, 256, 384)]
)
def test_runs_grow_with_the_root_of_the_sum(taps: int, run: int, long: int) -> None:
    found = summed("float32", taps, RUNS)
    assert found is not None
    assert (found.run_taps, long_run(taps)) == (run, long)


def test_runs_are_even_and_a_multiple_of_sixteen() -> None:
    assert [even_run(100, most) for most in (100, 99, 50, 34)] == [100, 64, 64, 48]
    assert even_run(9, 9) == 9
    assert [blas_run(taps, 64, 100) for taps in (100, 384, 385, 600, 768, 769)] == [100, 384, 193, 300, 384, 384]
    assert blas_run(2000, 10, 50) == 2000


def test_room_for_runs() -> None:
    spares = [
        spare_products(kind, 576, found.run_taps)
        for kind in (WHOLE, RUNS, WIDE)
        if (found := summed("float64", 576, kind))
    ]
    # 36 runs of 16, added as a tree of six levels.
    assert spares == [0, 1, 6]


@pytest.mark.parametrize(("taps", "highest"), [(9, 1e6), (25, 7.0), (576, 45.0)])
def test_how_high_one_input_may_be_grows_with_the_sum(taps: int, highest: float) -> None:
    channels, side = (taps // 9, 3) if taps % 9 == 0 else (1, 5)
    weight = normal(8, channels, side, side, seed=1)
    for height, kind in ((highest, WHOLE), (highest * 2, WHOLE if taps == 9 else WIDE)):
        x = normal(1, 8 if channels == 1 else channels, 40, 40)
        x[0, 0, 20, 20] = height * float(np.abs(x).mean())
        assert kinds_of(x, weight, "fast", taps) == [kind]
