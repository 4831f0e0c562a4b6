"""A table of costs measured on this machine: the rates of NumPy's own operations, from which plans are made.

Each rate is fitted to a few operations of the sizes that convolutions have, the best of several times each, by least
squares of the relative errors. It takes some seconds, on one thread; rates that need more are left as they are.
"""

from __future__ import annotations

from itertools import chain, combinations
from math import prod
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.backends.api import conv2d
from conv2d_cli.engine.api import COSTS, Costs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Array = np.ndarray[Any, Any]

# Seconds of a block in which one operation is repeated, and the number of blocks, of which the best counts.
_BLOCK_SECONDS, _BLOCKS = 0.002, 7
# Products as convolutions make them: (batch, rows, depth, columns), of many rows and of few.
_PRODUCTS = (
    (1, 64, 576, 784), (1, 128, 1152, 196), (1, 256, 2304, 196), (1, 512, 4608, 49), (1, 64, 64, 3136),
    (1, 256, 64, 784), (1, 64, 27, 6272), (1, 32, 288, 1568), (1, 16, 144, 3136), (8, 16, 144, 196), (32, 32, 128, 56),
    (32, 64, 192, 28), (1, 1024, 512, 49), (1, 144, 24, 3136), (1, 24, 144, 3136), (16, 24, 64, 112),
)  # fmt: skip
_FLAT_PRODUCTS = (
    (64, 4, 36, 224), (64, 8, 72, 112), (128, 4, 18, 112), (32, 8, 363, 256), (16, 12, 96, 784), (256, 7, 91, 14),
    (4, 2, 512, 3136), (8, 4, 256, 784), (64, 14, 49, 56),
)  # fmt: skip
_VECTOR_PRODUCTS = (
    (64, 1, 9, 784), (144, 1, 9, 3136), (256, 1, 25, 196), (8, 1, 576, 3136), (512, 1, 49, 56), (512, 1, 9, 49),
)  # fmt: skip
# Runs of elements that are copied, of rows twice as long.
_RUNS = (4, 7, 14, 28, 56, 112, 448)
_ELEMENTS = 1 << 18


def measured_costs(machine: str, date: str) -> Costs:
    """Return the rates of this machine, in nanoseconds; `machine` and `date` are written beside them."""
    flop, pack, product, call = _fitted(_PRODUCTS)
    own_bytes, shared_bytes = _cache_bytes()
    copy, run, step = _copy_rates()
    short = _call_nanoseconds()
    return COSTS._replace(
        machine=machine,
        date=date,
        gemm_flop=flop,
        small_gemm_flop=_flat_rate(pack, product, call),
        gemm_pack=pack,
        gemm_product=product,
        gemm_call=call,
        **dict(zip(("gemv_call", "gemv"), _vector_rates(), strict=True)),
        add=_add_rate(),
        copy=copy,
        copy_run=run,
        copy_step=step,
        transpose=_transpose_rate(),
        fft=_fft_rate(),
        filter_value=_filter_rate(),
        call=short,
        **dict(zip(("start", "setup"), _start_nanoseconds(short), strict=True)),
        own_cache_bytes=own_bytes,
        shared_cache_bytes=shared_bytes,
        uncached=_uncached_rate(own_bytes),
        tlb_miss=_page_rate(),
    )


def _best(operation: Callable[[], object]) -> float:
    """Return the nanoseconds of an operation."""
    operation()
    started = perf_counter()
    operation()
    number = max(1, int(_BLOCK_SECONDS / max(1e-9, perf_counter() - started)))
    times = []
    for _ in range(_BLOCKS):
        started = perf_counter()
        for _ in range(number):
            operation()
        times.append((perf_counter() - started) / number)
    return min(times) * 1e9


def _drawn(*shape: int) -> Array:
    return np.random.default_rng(prod(shape)).standard_normal(shape, np.float32)


def _product_nanoseconds(batch: int, rows: int, depth: int, columns: int) -> float:
    left, right, out = _drawn(batch, rows, depth), _drawn(batch, depth, columns), _drawn(batch, rows, columns)
    return _best(lambda: np.matmul(left, right, out=out))


def _fitted(shapes: Sequence[tuple[int, ...]]) -> list[float]:
    """Return what a flop, an element that is packed, one of the product, and a product cost: none below zero."""
    times = [_product_nanoseconds(*shape) / shape[0] for shape in shapes]
    rows = [
        [2.0 * rows * depth * columns, (rows + columns) * depth, rows * columns, 1.0]
        for _, rows, depth, columns in shapes
    ]
    # Relative errors count; of all choices of rates that are not zero the best with none below it.
    system = np.array(rows) / np.array(times)[:, None]
    best, least = [0.0] * system.shape[1], np.inf
    for some in chain.from_iterable(combinations(range(system.shape[1]), size) for size in range(1, 5)):
        found, *_ = np.linalg.lstsq(system[:, some], np.ones(len(system)), rcond=None)
        error = float(np.sum((system[:, some] @ found - 1) ** 2))
        if error < least and np.all(found >= 0):
            best, least = [0.0] * system.shape[1], error
            for number, value in zip(some, found, strict=True):
                best[number] = float(value)
    return best


def _flat_rate(pack: float, product: float, call: float) -> float:
    """Return what a flop costs in products of few rows, all else as in those of many."""
    rates = []
    for batch, rows, depth, columns in _FLAT_PRODUCTS:
        once = _product_nanoseconds(batch, rows, depth, columns) / batch
        rest = call + (rows + columns) * depth * pack + rows * columns * product
        rates.append((once - rest) / (2 * rows * depth * columns))
    return max(1e-3, float(np.median(rates)))


def _vector_rates() -> tuple[float, float]:
    """Return what a product of a vector and a matrix costs, and each element of the matrix."""
    times = [_product_nanoseconds(*shape) / shape[0] for shape in _VECTOR_PRODUCTS]
    system = np.array([[1.0, depth * columns] for *_, depth, columns in _VECTOR_PRODUCTS]) / np.array(times)[:, None]
    call, element = np.linalg.lstsq(system, np.ones(len(times)), rcond=None)[0]
    return max(0.0, float(call)), max(1e-3, float(element))


def _add_rate() -> float:
    left, right = _drawn(_ELEMENTS), _drawn(_ELEMENTS)
    return _best(lambda: np.add(left, right, out=left)) / _ELEMENTS


def _copy_rates() -> tuple[float, float, float]:
    """Return what an element costs, a run of elements, and an element where every other one is taken."""
    plain, stepped = [], []
    for run in _RUNS:
        rows = _ELEMENTS // run
        source, target = _drawn(rows, 2 * run), np.empty((rows, run), np.float32)
        plain.append(_best(lambda s=source[:, :run], t=target: np.copyto(t, s)) / target.size)  # type: ignore[misc]
        stepped.append(_best(lambda s=source[:, ::2], t=target: np.copyto(t, s)) / target.size)  # type: ignore[misc]
    system = np.array([[1.0, 1 / run] for run in _RUNS]) / np.array(plain)[:, None]
    copy, run_cost = np.linalg.lstsq(system, np.ones(len(plain)), rcond=None)[0]
    extra = np.median(np.array(stepped) - np.array(plain))
    return max(1e-3, float(copy)), max(0.0, float(run_cost)), max(0.01, float(extra))


def _transpose_rate() -> float:
    weight, target = _drawn(128, 128, 3, 3), np.empty((3, 128, 128, 3), np.float32)
    return _best(lambda: np.copyto(target, weight.transpose(2, 0, 1, 3))) / weight.size


def _fft_rate() -> float:
    """Return what an element costs on its way to a spectrum, and as much on its way back."""
    blocks = _drawn(2, 128, 128)
    return _best(lambda: np.fft.irfft2(np.fft.rfft2(blocks))) / blocks.size / 2


def _filter_rate() -> float:
    matrix, taps, points = _drawn(24, 9), _drawn(8192, 9), np.empty((24, 8192), np.float32)
    return _best(lambda: np.matmul(matrix, taps.T, out=points)) / points.size


def _call_nanoseconds() -> float:
    """Return what a short NumPy call costs, its views included."""
    strip, image = np.zeros((4, 12, 12), np.float32), _drawn(4, 10, 10)

    def gather() -> None:
        strip[..., 1:11, 1:11] = image[..., 0:10, 0:10]

    return _best(gather)


def _start_nanoseconds(call: float) -> tuple[float, float]:
    """Return what a convolution's own Python takes to begin, at once and in blocks."""
    x, single, weight = _drawn(1, 2, 4, 4), _drawn(2, 2, 1, 1), _drawn(2, 2, 3, 3)
    start = _best(lambda: conv2d(x, single, algorithm="pointwise", threads=1)) - 4 * call
    setup = _best(lambda: conv2d(x, weight, algorithm="im2col", threads=1)) - 8 * call
    return max(call, start), max(call, setup)


def _uncached_rate(own_bytes: int) -> float:
    """Return what a byte costs more that is read from beyond a core's own cache."""
    near, far = _drawn(max(1024, own_bytes // 16)), _drawn(2 * own_bytes)
    times = [_best(lambda v=values: np.vdot(v, v)) / values.nbytes for values in (near, far)]  # type: ignore[misc]
    return max(0.01, times[1] - times[0])


def _page_rate() -> float:
    """Return what a row of a product costs more that is written on a page of its own."""
    left, right = _drawn(256, 8), _drawn(8, 56)
    near, far = np.empty((256, 56), np.float32), np.empty((256, 4096), np.float32)[:, :56]
    times = [_best(lambda out=out: np.matmul(left, right, out=out)) for out in (near, far)]  # type: ignore[misc]
    return max(0.0, (times[1] - times[0]) / 256)


def _cache_bytes() -> tuple[int, int]:
    """Return the bytes of a core's own cache and of the one that cores share, as Linux tells them."""
    sizes: dict[int, int] = {}
    for level in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/level"):
        size = (level.parent / "size").read_text().strip()
        sizes[int(level.read_text())] = int(size.rstrip("KMG")) << {"K": 10, "M": 20, "G": 30}.get(size[-1], 0)
    return sizes.get(2, COSTS.own_cache_bytes), sizes.get(3, COSTS.shared_cache_bytes)
