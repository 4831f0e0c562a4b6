"""Arrays that are used again for every chunk: new ones would be new pages, and touching those took half of the time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray


class Workspace:
    """Flat arrays by name, each as large as the largest chunk so far."""

    def __init__(self) -> None:
        """Hold none."""
        self._arrays: dict[tuple[str, np.dtype[Any]], NDArray[Any]] = {}

    def of(self, name: str, size: int, dtype: DTypeLike = np.float64) -> NDArray[Any]:
        """Return the array of a name for `size` elements; what was in it is lost.

        >>> Workspace().of("sizes", 3).shape
        (3,)
        """
        key = name, np.dtype(dtype)
        if key not in self._arrays or self._arrays[key].size < size:
            self._arrays[key] = np.empty(size, dtype)
        return self._arrays[key][:size]
