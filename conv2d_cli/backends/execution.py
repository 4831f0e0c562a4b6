"""Carries out the plan of another engine: large images tile by tile, empty outputs, its faults."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from conv2d_cli.backends.base import BY_OURS
from conv2d_cli.backends.registry import loaded
from conv2d_cli.engine.api import Parameters, gathered_tile, tiles_of
from conv2d_cli.errors import MemoryLimitError, UsageError
from conv2d_cli.numpy_dtypes import Array, numpy_dtype

if TYPE_CHECKING:
    from collections.abc import Hashable

    from conv2d_cli.backends.base import Kernel
    from conv2d_cli.backends.plan import EnginePlan


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
        # Weight and bias as the engine wants them.
        self.prepare = kernel.preparing(plan)
        self._convolve = kernel.convolve(plan)
        self._has_tiles = plan.tiling is not None and 0 not in self._shape
        # What makes the output of images that are convolved whole.
        self._images = self._of_nothing if 0 in self._shape else self._convolve

    def __call__(self, x: Array, parameters: Parameters) -> Array:
        """Convolve `x` (N, in_channels, H, W), of the shape and the type that the plan was made for.

        Returns:
            A new C-contiguous array (N, out_channels, Ho, Wo).

        Raises:
            MemoryLimitError: there is not memory enough.
            UsageError: the engine refuses, in its own words.
        """
        if not self.plan.is_prepared:
            return self.once(x, parameters.weight, parameters.bias)
        try:
            if self._has_tiles:
                return self._tiles(x, parameters)
            return self._images(x, parameters.operands(self))
        except MemoryError as error:
            raise self._no_room() from error

    def once(self, x: Array, weight: Array, bias: Array | None) -> Array:
        """Convolve with parameters of which nothing is kept.

        Raises:
            MemoryLimitError, UsageError: as `__call__`.
        """
        try:
            if self._has_tiles:
                return self._tiles(x, Parameters(weight, bias))
            return self._images(x, self.prepare(weight, bias))
        except MemoryError as error:
            raise self._no_room() from error

    def _no_room(self) -> MemoryLimitError:
        return MemoryLimitError(
            f"there is no room for an output of shape {list(self._shape)} in {self.plan.dtype}",
            "a smaller image, less padding or fewer channels take less",
        )

    def _of_nothing(self, _x: Array, _operands: object) -> Array:
        """Return an output without elements, of which no engine is asked."""
        return np.empty(self._shape, self._dtype)

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
    return UsageError(f"{engine} refuses: {words}", BY_OURS)


def dense(x: Array) -> Array:
    """Return an array that lies as every engine takes it: C-contiguous, in the machine's byte order."""
    return np.ascontiguousarray(x, x.dtype.newbyteorder("="))
