"""Carries out the plan of another engine: large images tile by tile, empty outputs, its faults."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from conv2d_cli.backends.registry import loaded
from conv2d_cli.engine.api import gathered_tile, tiles_of
from conv2d_cli.errors import MemoryLimitError, UsageError
from conv2d_cli.numpy_dtypes import Array, numpy_dtype

if TYPE_CHECKING:
    from collections.abc import Hashable

    from conv2d_cli.backends.base import Kernel
    from conv2d_cli.backends.plan import EnginePlan
    from conv2d_cli.engine.api import Parameters


class EngineExecution:
    """A plan of another engine ready to be carried out, any number of times; it holds no parameters."""

    def __init__(self, plan: EnginePlan, kernel: Kernel) -> None:
        """Load the engine, and work out what every call needs.

        Raises:
            FileError: the engine is installed, and cannot be loaded.
        """
        loaded(plan.engine)
        self.plan, self.kernel, self.key = plan, kernel, _key((plan.engine, kernel.key(plan)))
        self._shape, self._dtype = plan.geometry.batched_output_shape, numpy_dtype(plan.dtype)
        self._convolve = kernel.convolve(plan)
        self._at_once = plan.tiling is None and 0 not in self._shape
        self._prepares_each_time = not plan.is_prepared

    def __call__(self, x: Array, parameters: Parameters) -> Array:
        """Convolve `x` (N, in_channels, H, W), of the shape and the type that the plan was made for.

        Returns:
            A new C-contiguous array (N, out_channels, Ho, Wo).

        Raises:
            MemoryLimitError: there is not memory enough.
            UsageError: the engine refuses, in its own words.
        """
        try:
            if self._prepares_each_time:
                operands = self.kernel.prepare(self.plan, parameters.weight, parameters.bias)
            else:
                operands = parameters.operands(self)
            if self._at_once:
                return self._convolve(x, operands)
            if 0 in self._shape:
                return np.empty(self._shape, self._dtype)
            return self._tiles(x, parameters)
        except MemoryError as error:
            raise MemoryLimitError(
                f"there is no room for an output of shape {list(self._shape)} in {self.plan.dtype}",
                "a smaller image, less padding or fewer channels take less",
            ) from error

    def _tiles(self, x: Array, parameters: Parameters) -> Array:
        plan = self.plan
        assert plan.tiling is not None  # noqa: S101 - the caller has looked
        out = np.empty(self._shape, self._dtype)
        for image, image_out in zip(x, out, strict=True):
            for tile in tiles_of(plan.geometry, plan.tiling):
                rows, columns = slice(tile.top, tile.top + tile.rows), slice(tile.left, tile.left + tile.columns)
                one = execution_by(self.kernel, plan.for_tile(tile.rows, tile.columns))
                image_out[:, rows, columns] = one(gathered_tile(plan, image, tile), parameters)[0]
        return out


@lru_cache(maxsize=64)
def execution_by(kernel: Kernel, plan: EnginePlan) -> EngineExecution:
    """Return a plan ready to be carried out, the same for equal plans; what its engine needs is loaded then."""
    return EngineExecution(plan, kernel)


@lru_cache(maxsize=1024)
def _key(_operands_depend_on: Hashable) -> object:
    """Return an object that is the same for equal keys, and found faster: to hash many numbers takes a microsecond."""
    return object()


def refusal(engine: str, error: Exception) -> Exception:
    """Return what an engine's own exception means: too little memory, or that it does not do this."""
    words = str(error).strip().split("\n")[0]
    if "alloc" in words.lower() or "memory" in words.lower():
        return MemoryError(words)
    return UsageError(f"{engine} refuses: {words}", "the engine numpy")


def dense(x: Array) -> Array:
    """Return an array that lies as every engine takes it: C-contiguous, in the machine's byte order."""
    return np.ascontiguousarray(x, x.dtype.newbyteorder("="))
