"""Lowered rows on arrays: lay a block's rows out, multiply overlapping views of them by Toeplitz matrices."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from conv2d_cli.engine.algorithms.base import BlockKernel
from conv2d_cli.engine.algorithms.row_lowering.planning import row_pitch, stores_directly, sum_length
from conv2d_cli.engine.blocks.gemm import multiply, store
from conv2d_cli.engine.blocks.operands import Operands, bias_column
from conv2d_cli.engine.blocks.strips import Span, clear_columns, clear_rows, gather_real
from conv2d_cli.engine.planning.blocking import span
from conv2d_cli.engine.planning.gemm_tile import partial_sums
from conv2d_cli.engine.runtime.workspace import Workspace, shaped
from conv2d_cli.numpy_dtypes import Array, numpy_dtype

if TYPE_CHECKING:
    from conv2d_cli.engine.algorithms.base import Call, Item, Items, Kernel, Worker
    from conv2d_cli.engine.algorithms.row_lowering.planning import RowBlocks
    from conv2d_cli.engine.planning.plan import Plan


class RowLoweringKernel(BlockKernel):
    """A few output rows by one product."""

    def prepare(self, plan: Plan[RowBlocks], weight: Array, bias: Array | None) -> Operands:
        """Return the Toeplitz matrices (groups, filters * rows, K), the kernel one stride further on in each row."""
        geometry, together = plan.problem.geometry, plan.blocks.together
        filters, channels, kernel_height, kernel_width = weight.shape
        groups, stride, dtype = geometry.groups, geometry.height.stride, numpy_dtype(plan.problem.accumulator)
        input_rows = span(together, stride, kernel_height)
        matrices = np.zeros((groups, filters // groups, together, input_rows, channels, kernel_width), dtype)
        kernels = weight.reshape(groups, -1, channels, kernel_height, kernel_width).transpose(0, 1, 3, 2, 4)
        for row in range(together):
            matrices[:, :, row, row * stride : row * stride + kernel_height] = kernels
        column = bias_column(bias, groups, dtype)
        return Operands(matrices.reshape(groups, filters // groups * together, -1), column)

    def items(self, call: Call[RowBlocks, Operands]) -> Items:
        """Return a block each: of an image, from a group and an output row on."""
        blocks, groups = call.plan.blocks, len(call.operands.weight)
        return product(range(len(call.out)), range(0, groups, blocks.groups), range(0, call.out.shape[2], blocks.rows))

    def worker(self, call: Call[RowBlocks, Operands], workspace: Workspace) -> Worker:
        """Return what lays the rows of a block out and multiplies them."""
        plan, x, (matrices, bias), out = call
        rows, blocks, groups = _Rows(plan, matrices, workspace), plan.blocks, len(matrices)
        # Rows that are left over are made one by one, by the first row of each filter's matrix.
        single = matrices[:, :: blocks.together, : sum_length(plan.problem, 1)]

        def make(item: Item) -> None:
            image, group, top = item
            some = slice(group, group + blocks.groups)
            target = out[image].reshape(groups, -1, *out.shape[2:])[some, :, top : top + blocks.rows]
            rows.lower(x[image].reshape(groups, -1, *x.shape[2:])[some], top, target.shape[2])
            column = None if bias is None else bias[some, None, :, None]
            whole = target.shape[2] - target.shape[2] % blocks.together
            if whole:
                rows.multiply(matrices[some, None], column, 0, target[:, :, :whole])
            if whole < target.shape[2]:
                rows.multiply(single[some, None], column, whole, target[:, :, whole:])

        return make


class _Rows:
    """Buffers for the lowered rows of a block (groups, rows, channels, kw, Wo) and for its sums."""

    def __init__(self, plan: Plan[RowBlocks], matrices: Array, workspace: Workspace) -> None:
        problem, blocks = plan.problem, plan.blocks
        (height, width), (channels, self._filters), dtype = (
            problem.geometry[-2:], problem.group_channels, matrices.dtype,
        )  # fmt: skip
        self._plan, self._height, self._width = plan, height, width
        input_rows, pitch = span(blocks.rows, height.stride, height.kernel), row_pitch(width.output, dtype.itemsize)
        self._padded = workspace.take(blocks.groups, input_rows, channels, width.kernel, pitch, dtype=dtype)
        self._lowered = self._padded[..., : width.output].transpose(3, 0, 2, 1, 4)
        self._columns = [
            Span(tap * width.dilation - width.before, width.stride, width.output) for tap in range(width.kernel)
        ]
        for tap, columns in zip(self._lowered, self._columns, strict=True):
            clear_columns(tap, problem.padding_mode, columns, width.size)
        self._direct = stores_directly(problem, blocks)
        self._cut = partial_sums(problem, blocks.tile, sum_length(problem, blocks.together))
        size = blocks.groups * self._filters * blocks.rows * width.output
        self._partial = workspace.take(size * self._cut, dtype=dtype)
        self._sums = workspace.take(size * (not self._direct), dtype=dtype)

    def lower(self, images: Array, top: int, rows: int) -> None:
        """Lay out what the output rows from `top` on read of `images` (groups, channels, H, W)."""
        height, mode = self._height, self._plan.problem.padding_mode
        down = Span(top * height.stride - height.before, 1, span(rows, height.stride, height.kernel))
        lowered = self._lowered[:, : len(images), :, : down.length]
        clear_rows(lowered, mode, down, height.size)
        for tap, columns in zip(lowered, self._columns, strict=True):
            gather_real(images, mode, down, columns, tap)

    def multiply(self, matrices: Array, bias: Array | None, first: int, target: Array) -> None:
        """Fill `target` (groups, filters, rows, Wo) from row `first` of the block, by matrices of some rows each."""
        together = matrices.shape[2] // self._filters
        groups, parts, width = len(target), target.shape[2] // together, target.shape[3]
        group, row, _, tap, element = self._padded.strides
        step = self._height.stride * row
        windows = np.ndarray(
            (groups, parts, matrices.shape[3], width),
            self._padded.dtype,
            self._padded,
            first * step,
            (group, together * step, tap, element),
        )
        shape = (groups, parts, self._filters * together, width)
        rows_out = target.reshape(groups, self._filters, parts, together, width).transpose(0, 2, 1, 3, 4)
        sums = rows_out.reshape(shape) if self._direct else shaped(self._sums, *shape)
        multiply(matrices, windows, sums, self._plan.blocks.tile, self._partial)
        row_sums = sums.reshape(rows_out.shape)
        if bias is not None:
            row_sums += bias
        if not self._direct:
            store(row_sums, rows_out)


KERNEL: Kernel[RowBlocks, Operands] = RowLoweringKernel()
