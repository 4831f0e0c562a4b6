"""What this machine does at most: the best of a few large matrix products, and of a few copies on all threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import TYPE_CHECKING

from conv2d_cli.arithmetic.roofline import Roofline
from conv2d_cli.dtypes import DTYPES
from conv2d_cli.errors import MemoryLimitError

if TYPE_CHECKING:
    from collections.abc import Callable

# Large enough that packing and starting threads are small beside the product, where one takes no longer than this.
_SIDES, _LONG_SECONDS = (512, 1024), 0.03
# More than what most processors cache, and its pages are soon there.
_COPIED_BYTES = 64 << 20
# Half a second together. The first call of each wakes threads and touches pages, and does not count.
_SECONDS_OF_PRODUCTS, _SECONDS_OF_COPIES = 0.25, 0.12
_DIGITS = 3


def accumulator_of(dtype: str) -> str:
    """Return the type that a layer of an element type is summed in here, as far as it does not depend on the layer.

    >>> accumulator_of("bfloat16"), accumulator_of("int8"), accumulator_of("complex64")
    ('float32', 'float32', 'complex64')
    """
    kind, size = DTYPES[dtype].kind, DTYPES[dtype].bytes
    if kind == "c":
        return "complex128" if dtype == "complex128" else "complex64"
    is_wide = size > 4 if kind == "f" else size > 1  # noqa: PLR2004 - bytes of float32, and of int8
    return "float64" if is_wide else "float32"


def measured(accumulator: str, threads: int) -> Roofline:
    """Return what this machine does: operations a second in a type, as `flops` counts them, and bytes a second copied.

    A byte that is copied is moved twice: it is read and written.

    Raises:
        MemoryLimitError: there is no memory for the arrays.
    """
    try:
        return Roofline(_rounded(_products(accumulator)), _rounded(_copies(max(1, threads))))
    except MemoryError as error:
        raise MemoryLimitError(
            "no memory to measure this machine with: some 150 MiB", "--peak-flops 1.2TFLOPS --bandwidth 40GB/s"
        ) from error


def _products(dtype: str) -> float:
    import numpy as np

    small, large = _SIDES
    operands = [np.ones((small, small), dtype) for _ in range(3)]
    side = small if _least_seconds(lambda: np.matmul(*operands), 0) > _LONG_SECONDS else large
    left, right, out = (np.ones((side, side), dtype) for _ in range(3))
    return 2 * side**3 / _least_seconds(lambda: np.matmul(left, right, out), _SECONDS_OF_PRODUCTS)


def _copies(threads: int) -> float:
    import numpy as np

    source, target = (np.ones(_COPIED_BYTES, np.uint8) for _ in range(2))
    parts = [*zip(np.array_split(source, threads), np.array_split(target, threads), strict=True)]
    with ThreadPoolExecutor(threads) as pool:
        # NumPy lets go of the interpreter's lock while it copies.
        seconds = _least_seconds(
            lambda: [*pool.map(lambda part: np.copyto(part[1], part[0]), parts)], _SECONDS_OF_COPIES
        )
    return 2 * _COPIED_BYTES / seconds


def _least_seconds(call: Callable[[], object], seconds: float) -> float:
    """Return the least seconds of a call, of as many calls as there is time for; one before them does not count."""
    end = perf_counter() + seconds
    call()
    times: list[float] = []
    while not times or perf_counter() < end:
        started = perf_counter()
        call()
        times.append(perf_counter() - started)
    return max(min(times), 1e-9)


def _rounded(rate: float) -> int:
    """Return a rate in as many digits as one run of it has."""
    return int(float(f"{rate:.{_DIGITS}g}"))
