"""BLAS's buffers are written to before the first products of a type, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from conv2d_cli.backends import functional
from conv2d_cli.engine import executor
from conv2d_cli.engine.runtime import blas

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Touches = list[tuple[str, int]]


@pytest.fixture
def touched(monkeypatch: pytest.MonkeyPatch) -> Iterator[Touches]:
    """Return a list that grows by the type and the threads of each touch, with nothing kept from before."""
    seen: Touches = []

    def note(items: Sequence[Any], makers: Sequence[object]) -> None:
        seen.append((items[0][0].dtype.name, len(makers)))

    kept = (blas.touch_packing_buffers, executor.execution_of, functional._execution_of)
    for function in kept:
        function.cache_clear()
    monkeypatch.setattr(blas, "do_all", note)
    yield seen
    for function in kept:
        function.cache_clear()


def convolve(dtype: str, side: int) -> None:
    functional.conv2d(np.ones((1, 4, side, side), dtype), np.ones((4, 4, 3, 3), dtype), threads=1)


@pytest.mark.parametrize(
    ("dtype", "summed"),
    [
        ("float32", "float32"),
        ("float64", "float64"),
        ("complex64", "complex64"),
        ("float16", "float32"),
        ("int8", "float32"),
    ],
)
def test_buffers_are_touched_once_for_the_type_that_products_are_summed_in(
    touched: Touches, dtype: str, summed: str
) -> None:
    for side in (8, 31, 57):
        convolve(dtype, side)
    assert touched == [(summed, 1)]


def test_whole_numbers_that_blas_does_not_multiply_touch_nothing(touched: Touches) -> None:
    convolve("int64", 9)
    assert touched == []


@pytest.mark.parametrize("threads", [1, 2])
def test_each_thread_makes_one_wide_product(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    monkeypatch.setattr(np, "matmul", lambda left, right: made.append((left.shape, right.shape, left.dtype.name)))
    blas.touch_packing_buffers.__wrapped__("float32", threads)
    assert made == [((32, 320), (320, 784), "float32")] * threads
