"""The threads that NumPy's BLAS has, read by threadpoolctl: another way than the engine's own."""

from __future__ import annotations

from pathlib import Path

from threadpoolctl import threadpool_info

# SciPy brings a BLAS of its own, which JAX loads: nothing that NumPy computes goes there.
_OTHERS = frozenset({"scipy.libs"})


def blas_threads() -> list[int]:
    """Return the number of threads of each BLAS library that NumPy may use."""
    return [
        library["num_threads"]
        for library in threadpool_info()
        if library["user_api"] == "blas" and Path(library["filepath"]).parent.name not in _OTHERS
    ]
