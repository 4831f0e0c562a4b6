"""Convolution from rows that are laid out once for each kernel column, not once for each kernel element.

Input rows of a group follow one another as (channel, kernel column), so the rows that one output row reads are a matrix
without a copy, and so are those of the next. With few filters one product makes several output rows: its weights are a
Toeplitz matrix, in which each output row has the kernel one stride further on, between zeros.
Source: M. Cho and D. Brand, "MEC: memory-efficient convolution for deep neural network", 2017, for one row at a time.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.engine.bands import Move, Span, clear_sides, ends, moves
from conv2d_cli.engine.layouts.row_lowering import row_pitch
from conv2d_cli.engine.products import multiply, store
from conv2d_cli.engine.scratch import Scratch, shaped
from conv2d_cli.engine.summation import spare_products
from conv2d_cli.engine.threads import share_out
from conv2d_cli.numpy_dtypes import numpy_dtype

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.engine.plan import Plan

    Array = np.ndarray[Any, Any]


def prepare(plan: Plan, weight: Array, bias: Array | None) -> tuple[Array, Array | None]:
    """Return the Toeplitz matrices (groups, filters * rows, K) and the bias (groups, filters, 1, 1)."""
    geometry, together = plan.geometry, plan.layout.blocks.together
    filters, channels, kernel_height, kernel_width = weight.shape
    groups, stride = geometry.groups, geometry.height.stride
    dtype = numpy_dtype(plan.summation.compute_dtype)
    input_rows = (together - 1) * stride + kernel_height
    matrices = np.zeros((groups, filters // groups, together, input_rows, channels, kernel_width), dtype)
    kernels = weight.reshape(groups, -1, channels, kernel_height, kernel_width).transpose(0, 1, 3, 2, 4)
    for row in range(together):
        matrices[:, :, row, row * stride : row * stride + kernel_height] = kernels
    offset = None if bias is None else bias.astype(dtype).reshape(groups, -1, 1, 1)
    return matrices.reshape(groups, filters // groups * together, -1), offset


def convolve(plan: Plan, x: Array, parameters: tuple[Array, Array | None], out: Array) -> None:
    """Fill `out` (N, out_channels, Ho, Wo) from `x` (N, in_channels, H, W)."""
    blocks, (weight, bias) = plan.layout.blocks, parameters
    groups, filters = len(weight), weight.shape[1] // blocks.together
    grouped_x = x.reshape(len(x), groups, -1, *x.shape[2:])
    grouped_out = out.reshape(len(out), groups, filters, *out.shape[2:])
    touched = _is_touched(plan, out)

    def work_of(scratch: Scratch) -> Callable[[tuple[int, int, int]], None]:
        rows = _Rows(plan, weight, scratch, direct=out.dtype == weight.dtype)

        def work(job: tuple[int, int, int]) -> None:
            image, group, top = job
            some = slice(group, group + blocks.groups)
            target = grouped_out[image, some, :, top : top + blocks.rows]
            rows.lower(grouped_x[image, some], top, target.shape[2])
            whole = target.shape[2] - target.shape[2] % blocks.together
            if touched:
                target[...] = 0
            if whole:
                rows.multiply(weight[some, None], 0, target[:, :, :whole], blocks.together)
            if whole < target.shape[2]:
                rows.multiply(rows.single(weight[some]), whole, target[:, :, whole:], 1)
            if bias is not None:
                target += bias[some]

        return work

    jobs = product(range(len(x)), range(0, groups, blocks.groups), range(0, out.shape[2], blocks.rows))
    share_out(jobs, plan, work_of)


# Small products that write a few long rows each wait for every line of an output that is not near, a copy does not:
# depthwise 3x3 on 32 planes of 224x224 takes 2.16 ms, and 1.68 with zeros written first; on 112x112 it takes longer so,
# as does 3x3 on a single plane, but not 11x11.
_LONG_ROW, _FAR_BYTES, _FEW_ROWS = 160, 2 << 20, 3


def _is_touched(plan: Plan, out: Array) -> bool:
    """Whether zeros are written to `out` first, a block at a time, to bring it near."""
    geometry, blocks = plan.geometry, plan.layout.blocks
    few = geometry.out_channels == geometry.groups and blocks.together > 1
    many = blocks.groups > 1 or geometry.height.kernel > _FEW_ROWS
    return few and many and out.shape[3] >= _LONG_ROW and out.nbytes > _FAR_BYTES


class _Rows:
    """Room for the lowered rows of a block (groups, rows, channels, kw, Wo) and for its sums."""

    def __init__(self, plan: Plan, weight: Array, scratch: Scratch, *, direct: bool) -> None:
        self._plan, blocks, (height, width) = plan, plan.layout.blocks, (plan.geometry.height, plan.geometry.width)
        channels, taps = plan.geometry.in_channels // len(weight), weight.shape[2]
        self._filters = weight.shape[1] // blocks.together
        spares = spare_products(plan.summation.kind, taps, plan.layout.panel.taps)
        # Whether products can be written where the output stands.
        self._direct = direct and not spares and (self._filters == 1 or blocks.together == 1)
        input_rows = (blocks.rows - 1) * height.stride + height.kernel
        pitch = row_pitch(width.output, weight.itemsize)
        self._padded = scratch.take(blocks.groups, input_rows, channels, width.kernel, pitch, dtype=weight.dtype)
        self._lowered = self._padded[..., : width.output]
        self._columns = [
            Span(tap * width.dilation - width.before, width.stride, width.output) for tap in range(width.kernel)
        ]
        for tap, span in enumerate(self._columns):
            clear_sides(self._lowered[:, :, :, tap], plan.padding_mode, span, width.size)
        self._moves: dict[tuple[int, int, int], tuple[list[Array], list[Move]]] = {}
        size = blocks.groups * self._filters * blocks.rows * width.output
        self._room = [scratch.take(size, dtype=weight.dtype) for _ in range(spares + (not self._direct))]

    def lower(self, images: Array, top: int, rows: int) -> None:
        """Lay out what the output rows from `top` on read of `images` (groups, channels, H, W)."""
        found = self._moves.get((len(images), top, rows))
        if found is None:
            found = self._moves[len(images), top, rows] = self._moves_of(len(images), top, rows)
        zeros, copies = found
        for part in zeros:
            part[...] = 0
        for copy in copies:
            copy.make(images)

    def _moves_of(self, groups: int, top: int, rows: int) -> tuple[list[Array], list[Move]]:
        """Return the rows that are zeros, and what is copied from images (groups, channels, H, W)."""
        height, width = self._plan.geometry.height, self._plan.geometry.width
        down = Span(top * height.stride - height.before, 1, (rows - 1) * height.stride + height.kernel)
        lowered = self._lowered[:groups, : down.length].transpose(3, 0, 2, 1, 4)
        zeros = ends(lowered, self._plan.padding_mode, down, height.size)
        if rows == height.output:
            # Nothing else is ever written there.
            for part in zeros:
                part[...] = 0
            zeros = []
        size, mode = (height.size, width.size), self._plan.padding_mode
        found = (moves(size, mode, down, span, part) for span, part in zip(self._columns, lowered, strict=True))
        return zeros, [move for some in found for move in some]

    def single(self, weight: Array) -> Array:
        """Return the part of Toeplitz matrices that makes their first output row, as (groups, 1, filters, K)."""
        together = self._plan.layout.blocks.together
        kernel = self._plan.geometry.height.kernel * self._lowered[0, 0].size // self._lowered.shape[4]
        return weight.reshape(len(weight), 1, self._filters, together, -1)[:, :, :, 0, :kernel]

    def multiply(self, matrices: Array, first: int, target: Array, together: int) -> None:
        """Fill `target` (groups, filters, rows, Wo), of a number of rows that `together` divides, from row `first`."""
        groups, parts, width = len(target), target.shape[2] // together, target.shape[3]
        group, row, _, tap, element = self._padded.strides
        step = self._plan.geometry.height.stride * row
        windows = np.ndarray(
            (groups, parts, matrices.shape[3], width),
            self._padded.dtype,
            self._padded,
            first * step,
            (group, together * step, tap, element),
        )
        shape = (groups, parts, self._filters * together, width)
        buffers = [shaped(buffer, *shape) for buffer in self._room]
        rows_out = target.reshape(groups, self._filters, parts, together, width).transpose(0, 2, 1, 3, 4)
        sums = rows_out.reshape(shape) if self._direct else buffers.pop()
        multiply(matrices, windows, self._plan.summation.kind, self._plan.layout.panel, sums, buffers)
        if not self._direct:
            store(sums.reshape(rows_out.shape), rows_out)
