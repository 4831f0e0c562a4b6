"""Carries plans out: the algorithm, the one look at its output, the fallback; large images tile by tile."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from conv2d_cli.engine.algorithms.base import Call
from conv2d_cli.engine.algorithms.registry import exact_kernel, kernel_of
from conv2d_cli.engine.blocks.strips import Image, gather, window_span
from conv2d_cli.engine.planning.planner import plan_of_tile
from conv2d_cli.engine.planning.tiling import Tile, tiles_of
from conv2d_cli.engine.runtime.blas import touch_packing_buffers
from conv2d_cli.engine.runtime.convolutions import convolutions
from conv2d_cli.engine.runtime.threads import do_all
from conv2d_cli.engine.runtime.workspace import allocate
from conv2d_cli.errors import MemoryLimitError
from conv2d_cli.numpy_dtypes import Array, numpy_dtype

if TYPE_CHECKING:
    from collections.abc import Hashable

    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.engine.algorithms.base import Kernel
    from conv2d_cli.engine.planning.plan import Plan


class _PadsImages(Protocol):
    """A plan, of whatever engine, of images whose tiles are gathered with their padding."""

    @property
    def geometry(self) -> Geometry: ...
    @property
    def padding_mode(self) -> str: ...
    @property
    def dtype(self) -> str: ...


class _Prepares(Protocol):
    """An execution, of whatever engine, that wants parameters prepared; `key` is what they then depend on."""

    @property
    def key(self) -> Hashable: ...
    def prepare(self, weight: Array, bias: Array | None) -> object: ...


class Parameters:
    """Weight and bias as algorithms want them: transformed once for an execution, and kept for a few of them.

    Several threads may share them. The arrays must not change.
    """

    __slots__ = ("_kept", "bias", "weight")

    def __init__(self, weight: Array, bias: Array | None) -> None:
        """Hold both."""
        self.weight, self.bias = weight, bias
        self._kept: dict[Hashable, object] = {}

    def operands(self, execution: _Prepares) -> object:
        """Return them for an execution; they are the same whatever the batch."""
        kept = self._kept.get(execution.key)
        if kept is None:
            kept = execution.prepare(self.weight, self.bias)
            # Four are kept. Threads may be here at the same time: each step is one operation of the dictionary.
            for oldest in list(self._kept)[:-3]:
                self._kept.pop(oldest, None)
            self._kept[execution.key] = kept
        return kept


class Execution:
    """A plan ready to be carried out, any number of times and by several threads; it holds no parameters."""

    def __init__(self, plan: Plan[Any]) -> None:
        """Work out what every call needs."""
        self.plan = plan
        exact = plan.problem.is_exact
        self.kernel: Kernel[Any, Any] = exact_kernel(plan) if exact else kernel_of(plan.algorithm)
        # What operands depend on.
        self.key = (plan.algorithm, plan.blocks, plan.problem.accumulator, exact)
        # The first sums of an exact convolution are an execution of their own.
        self._blas_threads = None if exact else plan.blas_threads
        self._workers, self._workspace_bytes = plan.workers, plan.candidate.memory.workspace_bytes
        self._shape, self._dtype = plan.geometry.batched_output_shape, numpy_dtype(plan.dtype)
        if plan.scratch_bytes >> 62:
            raise MemoryLimitError(f"a workspace of {plan.scratch_bytes} bytes is beyond any memory", "less padding")
        again = plan.fallback_plan
        self._again = None if again is None else Execution(again)
        self._short = None if plan.tiling else self.kernel.short_call(plan)
        if plan.problem.uses_blas and self._blas_threads == 1:
            convolutions.run(1, touch_packing_buffers, plan.problem.accumulator, plan.workers)

    def __call__(self, x: Array, parameters: Parameters) -> Array:
        """Convolve `x` (N, in_channels, H, W), of the shape and the type that the plan was made for.

        Returns:
            A new C-contiguous array (N, out_channels, Ho, Wo).

        Raises:
            MemoryLimitError: there is not memory enough for the output, or for the workspace.
        """
        if self._short is not None:
            return convolutions.run_short(self._short, x, parameters.weight, parameters.bias)
        out = self._new_output()
        if self.plan.tiling is not None:
            self._convolve_tiles(x, parameters, out)
        elif out.size:
            for number in self._convolve(x, parameters, out):
                one = slice(number, number + 1)
                assert self._again is not None  # noqa: S101 - only an algorithm with a fallback tells
                self._again._convolve(x[one], parameters, out[one])  # noqa: SLF001 - another of this class
        return out

    def prepare(self, weight: Array, bias: Array | None) -> object:
        """Return the parameters as the algorithm wants them."""
        return self.kernel.prepare(self.plan, weight, bias)

    def once(self, x: Array, weight: Array, bias: Array | None) -> Array:
        """Convolve with parameters of which nothing is kept.

        Raises:
            MemoryLimitError: as `__call__`.
        """
        if self._short is not None:
            return convolutions.run_short(self._short, x, weight, bias)
        return self(x, Parameters(weight, bias))

    def _convolve(self, x: Array, parameters: Parameters, out: Array) -> list[int]:
        """Fill `out`, without warnings, while BLAS has the plan's number of threads.

        Returns:
            The images that the fallback must do again.
        """
        try:
            return convolutions.run(self._blas_threads, self._run_kernel, x, parameters, out)
        except MemoryError as error:
            raise MemoryLimitError(
                f"there is not memory enough for a workspace of {self.plan.scratch_bytes} bytes",
                "a smaller image takes less, as do fewer threads",
            ) from error

    def _run_kernel(self, x: Array, parameters: Parameters, out: Array) -> list[int]:
        call = Call(self.plan, x, parameters.operands(self), out)
        workspaces = allocate(self._workspace_bytes, self._workers)
        do_all(self.kernel.items(call), [partial(self.kernel.worker, call, workspace) for workspace in workspaces])
        return [] if self._again is None else _not_finite(out)

    def _convolve_tiles(self, x: Array, parameters: Parameters, out: Array) -> None:
        plan = self.plan
        assert plan.tiling is not None  # noqa: S101 - the caller has looked
        for image, image_out in zip(x, out, strict=True):
            for tile in tiles_of(plan.geometry, plan.tiling):
                rows, columns = slice(tile.top, tile.top + tile.rows), slice(tile.left, tile.left + tile.columns)
                one = tile_execution(plan, tile.rows, tile.columns)
                image_out[:, rows, columns] = one(gathered_tile(plan, image, tile), parameters)[0]

    def _new_output(self) -> Array:
        try:
            return np.empty(self._shape, self._dtype)
        except (ValueError, MemoryError) as error:
            # NumPy counts the elements of an empty batch too, as if there were one image.
            raise MemoryLimitError(
                f"there is no room for an output of shape {list(self._shape)} in {self.plan.dtype}",
                "a smaller image, less padding or fewer channels take less",
            ) from error


@lru_cache(maxsize=64)
def execution_of(plan: Plan[Any]) -> Execution:
    """Return a plan ready to be carried out, the same for equal plans: what is kept for it is kept for all."""
    return Execution(plan)


@lru_cache(maxsize=64)
def tile_execution(plan: Plan[Any], rows: int, columns: int) -> Execution:
    """Return how a tile of that many output rows and columns of the plan's image is convolved."""
    return execution_of(plan_of_tile(plan, rows, columns))


def gathered_tile(plan: _PadsImages, image: Image, tile: Tile) -> Array:
    """Return what a tile of the plan's image reads as (1, channels, rows, columns): dense, the padding made."""
    geometry = plan.geometry
    rows = window_span(geometry.height, tile.top, tile.rows)
    columns = window_span(geometry.width, tile.left, tile.columns)
    strip = np.empty((1, geometry.in_channels, rows.length, columns.length), numpy_dtype(plan.dtype))
    gather(image, plan.padding_mode, rows, columns, strip[0])
    return strip


def _not_finite(out: Array) -> list[int]:
    """Return the images of an output that hold a NaN or an infinity; where all are finite in one pass over it."""
    return [] if _is_finite(out) else [number for number, image in enumerate(out) if not _is_finite(image)]


def _is_finite(values: Array) -> bool:
    """Whether all values of a dense array are finite: the sum of their squares is, or else each of them.

    They are looked at in parts: a truth value for each would be memory that no plan has counted.
    """
    if np.isfinite(np.vdot(values, values)):
        return True
    return all(np.isfinite(part).all() for part in np.array_split(values.reshape(-1), 64))
