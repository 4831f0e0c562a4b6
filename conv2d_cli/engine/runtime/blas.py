"""NumPy's BLAS: which kernels it has, and how its number of threads is read and set."""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from conv2d_cli.engine.runtime.threads import do_all
from conv2d_cli.numpy_dtypes import numpy_dtype

if TYPE_CHECKING:
    from collections.abc import Callable


class Library(NamedTuple):
    """A BLAS library: how its number of threads is read and set."""

    read: Callable[[], int | None]
    set: Callable[[int], object]


# Kernels of OpenBLAS that read small operands where they stand; Haswell's and Zen's pack all.
_UNPACKED = frozenset({"SkylakeX", "Cooperlake", "SapphireRapids"})


@cache
def unpacked_gemm() -> bool:
    """Whether BLAS multiplies small matrices of real numbers without packing them; see `planning/gemm_tile.py`."""
    libraries = _controllers()
    return bool(libraries) and all(getattr(library, "architecture", None) in _UNPACKED for library in libraries)


def blas_name() -> str:
    """Return the name, version and kernels of BLAS, as `openblas 0.3.31 Haswell`."""
    words = ("internal_api", "version", "architecture")
    return " ".join(str(getattr(library, word, "")) for library in _controllers()[:1] for word in words)


@cache
def _controllers() -> list[Any]:
    """Return threadpoolctl's controllers of NumPy's BLAS; finding them takes longer than a small convolution."""
    from threadpoolctl import ThreadpoolController

    return list(ThreadpoolController().select(user_api="blas").lib_controllers)


@cache
def libraries() -> list[Library]:
    """Return the BLAS libraries of the process."""
    return [_library(found) for found in _controllers()]


def _library(found: Any) -> Library:  # noqa: ANN401 - a controller of threadpoolctl's
    """Return OpenBLAS's own functions where its threads are those of the process.

    threadpoolctl's take ten times as long, and ignore all threads but the first that set a number.
    """
    if getattr(found, "threading_layer", None) == "pthreads":
        for prefix, suffix in product(("", "scipy_"), ("", "64_", "_64")):
            names = (f"{prefix}openblas_{verb}_num_threads{suffix}" for verb in ("get", "set"))
            functions: list[Any] = [getattr(found.dynlib, name, None) for name in names]
            if None not in functions:
                return Library(*functions)
    return Library(found.get_num_threads, found.set_num_threads)


@cache
def given_threads() -> int:
    """Return the threads that BLAS had when it was first looked at: by its variables, else the processors."""
    return max((library.read() or 1 for library in libraries()), default=1)


@cache
def touch_packing_buffers(dtype: str, threads: int) -> None:
    """Make a product of a type on each thread, so that those that follow find the memory that BLAS packs into; once.

    OpenBLAS's kernels prefetch beyond what they have packed. Where no page has ever been there, each of these loads
    goes through the page tables in vain, which is slow in a virtual machine: 256 filters of 3x3 on 256 channels of
    14x14 took 20 ms on one thread before a process's first wide product and 6.4 ms after it (Zen 1; in float64 a tenth
    less). The product itself takes a millisecond.
    """
    # With fewer columns than a kernel takes at a time, up to 768, all is packed at the same few pages.
    operands = np.zeros((32, 320), numpy_dtype(dtype)), np.zeros((320, 784), numpy_dtype(dtype))
    do_all([operands] * threads, [lambda: lambda pair: np.matmul(*pair)] * threads)
