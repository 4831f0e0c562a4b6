"""Shifted products on arrays: lay rows out, multiply views of them that start later and later, add up."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from conv2d_cli.engine.algorithms.base import BlockKernel
from conv2d_cli.engine.algorithms.shifted.planning import Phase, phases, reach
from conv2d_cli.engine.blocks.gemm import multiply_tiles, store
from conv2d_cli.engine.blocks.operands import Operands, bias_column
from conv2d_cli.engine.blocks.strips import Span, clear_columns, clear_rows, gather_real
from conv2d_cli.engine.runtime.workspace import Workspace, shaped
from conv2d_cli.numpy_dtypes import Array, numpy_dtype

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.engine.algorithms.base import Call, Item, Items, Kernel, Worker
    from conv2d_cli.engine.algorithms.shifted.planning import ShiftedBlocks
    from conv2d_cli.engine.planning.gemm_tile import GemmTile
    from conv2d_cli.engine.planning.plan import Plan


class _Strip(NamedTuple):
    """The rows of one phase (kw, groups, channels, rows, Wo), and the same as a matrix (groups, K, elements)."""

    phase: Phase
    taps: Array
    matrix: Array


class ShiftedKernel(BlockKernel):
    """One product for each kernel row."""

    def prepare(self, plan: Plan[ShiftedBlocks], weight: Array, bias: Array | None) -> Operands:
        """Return the weight (kh, groups, filters, channels * kw), so that each kernel row has its own in one piece."""
        groups, (filters, _, height, _) = plan.problem.geometry.groups, weight.shape
        dtype = numpy_dtype(plan.problem.accumulator)
        rows = np.ascontiguousarray(weight.transpose(2, 0, 1, 3), dtype)
        return Operands(rows.reshape(height, groups, filters // groups, -1), bias_column(bias, groups, dtype))

    def items(self, call: Call[ShiftedBlocks, Operands]) -> Items:
        """Return a block each: of an image, from an output row on."""
        return product(range(len(call.out)), range(0, call.out.shape[2], call.plan.blocks.rows))

    def worker(self, call: Call[ShiftedBlocks, Operands], workspace: Workspace) -> Worker:
        """Return what lays the rows of a block out, multiplies them and adds the products up."""
        plan, x, (weight, bias), out = call
        block_rows, (groups, filters), width = plan.blocks.rows, weight.shape[1:3], out.shape[3]
        strips = [_strip(plan, phase, weight, workspace) for phase in phases(plan.problem.geometry.height)]
        products = [part for strip in strips for part in _products(plan, weight, strip)]
        buffers = [workspace.take(groups * filters * block_rows * width, dtype=weight.dtype) for _ in range(2)]

        def make(item: Item) -> None:
            image, top = item
            target = out[image].reshape(groups, filters, *out.shape[2:])[:, :, top : top + block_rows]
            pixels = target.shape[2] * width
            for strip in strips:
                _fill(plan, strip, x[image].reshape(groups, -1, *x.shape[2:]), top, target.shape[2])
            sums, term = (shaped(buffer, groups, filters, pixels) for buffer in buffers)
            _add_products(products, plan.blocks.tile, sums, term)
            if bias is not None:
                sums += bias
            store(sums.reshape(target.shape), target)

        return make


def _add_products(products: list[tuple[Array, Array]], tile: GemmTile | None, sums: Array, term: Array) -> None:
    """Fill `sums` (groups, filters, pixels) with all products added up; `term` is a buffer like it."""
    for number, (matrix, operand) in enumerate(products):
        multiply_tiles(matrix, operand[:, :, : sums.shape[2]], tile, term if number else sums)
        if number:
            sums += term


def _strip(plan: Plan[ShiftedBlocks], phase: Phase, weight: Array, workspace: Workspace) -> _Strip:
    """Take a buffer for the rows of a phase, and put zeros where padding is in every block."""
    problem, (groups, depth) = plan.problem, (weight.shape[1], weight.shape[3])
    width, rows = problem.geometry.width, plan.blocks.rows + reach(problem.geometry.height)
    matrix = workspace.take(groups, depth, rows * width.output, dtype=weight.dtype)
    taps = matrix.reshape(groups, -1, width.kernel, rows, width.output).transpose(2, 0, 1, 3, 4)
    for tap, columns in zip(taps, _tap_columns(plan), strict=True):
        clear_columns(tap, problem.padding_mode, columns, width.size)
    return _Strip(phase, taps, matrix)


def _tap_columns(plan: Plan[ShiftedBlocks]) -> list[Span]:
    """Return the columns that each kernel column reads."""
    width = plan.problem.geometry.width
    return [Span(tap * width.dilation - width.before, width.stride, width.output) for tap in range(width.kernel)]


def _fill(plan: Plan[ShiftedBlocks], strip: _Strip, image: Array, top: int, rows: int) -> None:
    """Lay out the rows that output rows from `top` on read of an image (groups, channels, H, W)."""
    height, mode = plan.problem.geometry.height, plan.problem.padding_mode
    first = top * height.stride - height.before + strip.phase.first
    down = Span(first, height.stride, rows + strip.phase.shifts[-1])
    taps = strip.taps[..., : down.length, :]
    clear_rows(taps, mode, down, height.size)
    for tap, columns in zip(taps, _tap_columns(plan), strict=True):
        gather_real(image, mode, down, columns, tap)


def _products(plan: Plan[ShiftedBlocks], weight: Array, strip: _Strip) -> Iterator[tuple[Array, Array]]:
    """Yield weights (groups, filters, K) and the rows (groups, K, elements) that they multiply, shifted."""
    width, depth, tile = plan.problem.geometry.width.output, weight.shape[3], plan.blocks.tile
    step = tile.depth if tile else depth
    for tap, shift in zip(strip.phase.taps, strip.phase.shifts, strict=True):
        for start in range(0, depth, step):
            part = slice(start, start + step)
            yield weight[tap, ..., part], strip.matrix[:, part, shift * width :]


KERNEL: Kernel[ShiftedBlocks, Operands] = ShiftedKernel()
