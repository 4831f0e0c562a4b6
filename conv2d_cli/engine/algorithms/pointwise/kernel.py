"""1x1 kernels: the input times the weight, rows of an image at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.engine.algorithms.base import BlockKernel
from conv2d_cli.engine.blocks.gemm import multiply
from conv2d_cli.engine.blocks.operands import Operands, matrices
from conv2d_cli.engine.planning.gemm_tile import partial_sums
from conv2d_cli.numpy_dtypes import Array, numpy_dtype

if TYPE_CHECKING:
    from conv2d_cli.engine.algorithms.base import Call, Item, Items, Kernel, Worker
    from conv2d_cli.engine.algorithms.pointwise.planning import PointwiseBlocks
    from conv2d_cli.engine.planning.plan import Plan
    from conv2d_cli.engine.runtime.workspace import Workspace


class PointwiseKernel(BlockKernel):
    """The input is the matrix of columns."""

    def prepare(self, plan: Plan[PointwiseBlocks], weight: Array, bias: Array | None) -> Operands:
        """Return both as matrices."""
        return matrices(weight, bias, plan.problem.geometry.groups, numpy_dtype(plan.dtype))

    def items(self, call: Call[PointwiseBlocks, Operands]) -> Items:
        """Return rows of an image each; all images at once where one thread does them."""
        images, _, height, _ = call.out.shape
        rows = call.plan.blocks.rows
        whole = rows == height and call.plan.blocks.tile is None and call.x.flags.c_contiguous
        together = images if whole and call.plan.workers == 1 else 1
        return [
            (first, first + together, top) for first in range(0, images, together) for top in range(0, height, rows)
        ]

    def worker(self, call: Call[PointwiseBlocks, Operands], workspace: Workspace) -> Worker:
        """Return what multiplies the rows from one on, of images from a first to a last."""
        plan, x, (weight, bias), out = call
        (rows, tile), (groups, filters, channels) = plan.blocks, weight.shape
        size = rows * out.shape[1] * out.shape[3]
        buffer = workspace.take(size * partial_sums(plan.problem, tile, channels), dtype=out.dtype)

        def make(item: Item) -> None:
            first, last, top = item
            sums = out[first:last, :, top : top + rows].reshape(last - first, groups, filters, -1)
            columns = x[first:last, :, top : top + rows].reshape(last - first, groups, channels, -1)
            multiply(weight, columns.astype(out.dtype, copy=False), sums, tile, buffer)
            if bias is not None:
                sums += bias

        return make


KERNEL: Kernel[PointwiseBlocks, Operands] = PointwiseKernel()
