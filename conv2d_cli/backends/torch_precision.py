"""float32 as float32: TF32, which keeps 11 of 24 bits, is off for products of matrices on a GPU while we compute.

What cuDNN may do is said in each call. Products of matrices are cuBLAS's, whose setting is the whole process's: it is
changed only where the process allows TF32, while calls of ours last, and other threads see it meanwhile.
"""

from __future__ import annotations

from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

_ON = "tf32"
_FULL = "highest"


class _Shared:
    """A setting that several threads want at a time: the first makes it, the last puts back what was before."""

    def __init__(self, make: Callable[[], Callable[[], object]]) -> None:
        """Take what makes the setting and returns what puts it back."""
        self._make, self._lock, self._users = make, Lock(), 0
        self._put_back: Callable[[], object] = _nothing

    @contextmanager
    def made(self) -> Iterator[None]:
        """Return a context in which it is so."""
        with self._lock:
            if not self._users:
                self._put_back = self._make()
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    self._put_back()


def _nothing() -> None:
    """Put nothing back."""


def _without_tf32() -> Callable[[], object]:
    """Take TF32 from products of matrices, and return what gives it back.

    PyTorch 2.9 has a second setting beside the older one, and its products of matrices raise where the two contradict
    each other. So it is changed by the one that it was made by.
    """
    import torch
    from torch.backends.cuda import matmul

    before = getattr(matmul, "fp32_precision", None)
    try:
        older = torch.get_float32_matmul_precision()
    except RuntimeError:
        # Only the newer one was used.
        matmul.fp32_precision = "ieee"
        return lambda: setattr(matmul, "fp32_precision", before)
    if older == _FULL and before != _ON:
        return _nothing
    torch.set_float32_matmul_precision(_FULL)

    def put_back() -> None:
        torch.set_float32_matmul_precision(older)
        if before is not None:
            matmul.fp32_precision = before

    return put_back


_products = _Shared(_without_tf32)


def full_precision() -> AbstractContextManager[None]:
    """Return a context in which products of matrices on a GPU are made of whole float32 numbers."""
    return _products.made()
