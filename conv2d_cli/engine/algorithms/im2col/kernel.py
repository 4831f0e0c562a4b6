"""im2col on arrays: lower a block, multiply it by the weight, store the sums."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.engine.algorithms.base import BlockKernel
from conv2d_cli.engine.algorithms.im2col.planning import gathered_rows, gathered_size, kernel_rows_together
from conv2d_cli.engine.blocks.gemm import multiply, store
from conv2d_cli.engine.blocks.operands import Operands, bias_column, matrices
from conv2d_cli.engine.blocks.strips import Span, gather, window_span
from conv2d_cli.engine.planning.gemm_tile import partial_sums
from conv2d_cli.engine.runtime.workspace import shaped
from conv2d_cli.numpy_dtypes import Array, numpy_dtype

if TYPE_CHECKING:
    from conv2d_cli.engine.algorithms.base import Call, Item, Items, Kernel, Worker
    from conv2d_cli.engine.algorithms.im2col.planning import Im2colBlocks
    from conv2d_cli.engine.planning.plan import Plan
    from conv2d_cli.engine.runtime.workspace import Workspace


class Im2colKernel(BlockKernel):
    """Blocks of output pixels."""

    def prepare(self, plan: Plan[Im2colBlocks], weight: Array, bias: Array | None) -> Operands:
        """Return both as matrices; a weight that is too large to be converted at once stays in its own type."""
        problem = plan.problem
        converted = plan.blocks.filters == problem.group_channels[1]
        dtype = numpy_dtype(problem.accumulator)
        dense = matrices(weight, None, problem.geometry.groups, dtype if converted else weight.dtype)
        return Operands(dense.weight, bias_column(bias, problem.geometry.groups, dtype))

    def items(self, call: Call[Im2colBlocks, Operands]) -> Items:
        """Return a block each: of an image, from an output row and column on."""
        (images, _, height, width), blocks = call.out.shape, call.plan.blocks
        return product(range(images), range(0, height, blocks.rows), range(0, width, blocks.columns))

    def worker(self, call: Call[Im2colBlocks, Operands], workspace: Workspace) -> Worker:
        """Return what lowers a block, multiplies it and stores the sums."""
        plan, x, (weight, bias), out = call
        blocks, dtype, groups = plan.blocks, numpy_dtype(plan.problem.accumulator), len(weight)
        lowering, size = _Lowering(plan, dtype, workspace), groups * blocks.filters * blocks.rows * blocks.columns
        partial = workspace.take(size * partial_sums(plan.problem, blocks.tile, weight.shape[2]), dtype=dtype)
        buffer = None if plan.problem.stores_directly else workspace.take(size, dtype=dtype)

        def make(item: Item) -> None:
            image, top, left = item
            block = out[image].reshape(groups, -1, *out.shape[2:])
            block = block[..., top : top + blocks.rows, left : left + blocks.columns]
            lowered = lowering.lower(x[image], top, left, *block.shape[2:])
            for first in range(0, weight.shape[1], blocks.filters):
                some = slice(first, first + blocks.filters)
                sums = block[:, some].reshape(groups, -1, lowered.shape[2])
                sums = sums if buffer is None else shaped(buffer, *sums.shape)
                multiply(weight[:, some].astype(dtype, copy=False), lowered, sums, blocks.tile, partial)
                if bias is not None:
                    sums += bias[:, some]
                if buffer is not None:
                    store(sums.reshape(block[:, some].shape), block[:, some])

        return make


class _Lowering:
    """Lays the windows of one block out, in buffers that it uses again."""

    def __init__(self, plan: Plan[Im2colBlocks], dtype: np.dtype[Any], workspace: Workspace) -> None:
        """Take the columns and the strip of the largest block from a workspace."""
        geometry, (rows, columns, *_) = plan.problem.geometry, plan.blocks
        self._geometry, self._mode = geometry, plan.problem.padding_mode
        taps = geometry.taps_per_output * geometry.groups
        self._columns = workspace.take(taps * rows * columns, dtype=dtype)
        self._strip = workspace.take(geometry.in_channels * gathered_size(geometry, rows, columns), dtype=dtype)

    def lower(self, image: Array, top: int, left: int, rows: int, columns: int) -> Array:
        """Return the windows of output pixels from (top, left) on, as (groups, K, rows * columns)."""
        height, width = self._geometry[-2:]
        lowered = shaped(self._columns, len(image), height.kernel, width.kernel, rows, columns)
        across, together = window_span(width, left, columns), kernel_rows_together(height)
        strip = shaped(self._strip, len(image), gathered_rows(height, rows), across.length)
        # Where kernel rows are gathered one by one, the input rows in between are left out.
        step = height.stride if together == 1 else 1
        windows = self._windows(strip, height.stride // step, lowered.shape)
        for tap in range(0, height.kernel, together):
            first = top * height.stride - height.before + tap * height.dilation
            gather(image, self._mode, Span(first, step, strip.shape[1]), across, strip)
            np.copyto(lowered[:, tap : tap + together], windows)
        return lowered.reshape(self._geometry.groups, -1, rows * columns)

    def _windows(self, strip: Array, jump: int, shape: tuple[int, ...]) -> Array:
        """Return a view of a strip's windows (channels, kernel rows, kw, rows, columns), `jump` rows apart."""
        channel, row, element = strip.strides
        width, (channels, _, *rest) = self._geometry.width, shape
        strides = (channel, row, width.dilation * element, jump * row, width.stride * element)
        together = kernel_rows_together(self._geometry.height)
        return np.ndarray((channels, together, *rest), strip.dtype, strip, 0, strides)


KERNEL: Kernel[Im2colBlocks, Operands] = Im2colKernel()
