"""Small images: padded, lowered and multiplied by a few calls on views that are made once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np

from conv2d_cli.engine.algorithms.small.planning import RESIDENT_BYTES, image_sizes, is_short
from conv2d_cli.engine.blocks.gemm import multiply, store
from conv2d_cli.engine.blocks.operands import Operands, bias_column, matrices
from conv2d_cli.engine.blocks.strips import gather_real, window_span
from conv2d_cli.engine.runtime.workspace import ALIGNMENT, Workspace
from conv2d_cli.numpy_dtypes import Array, numpy_dtype

if TYPE_CHECKING:
    from conv2d_cli.engine.algorithms.base import Call, Item, Items, Kernel, ShortCall, Worker
    from conv2d_cli.engine.algorithms.small.planning import SmallBlocks
    from conv2d_cli.engine.planning.plan import Plan


class SmallKernel:
    """All windows of whole images as columns."""

    def prepare(self, plan: Plan[SmallBlocks], weight: Array, bias: Array | None) -> Operands:
        """Return both as matrices, in the type that products are summed in."""
        return matrices(weight, bias, plan.problem.geometry.groups, numpy_dtype(plan.problem.accumulator))

    def short_call(self, plan: Plan[SmallBlocks]) -> ShortCall | None:
        """Return the call, where one pass makes all images and BLAS keeps each product on one thread."""
        if not is_short(plan.problem, plan.blocks) or not 0 < plan.images <= plan.blocks.images:
            return None
        shape, dtype, groups = plan.geometry.batched_output_shape, numpy_dtype(plan.dtype), plan.geometry.groups
        matrix = (groups, plan.problem.group_channels[1], plan.geometry.taps_per_output)

        def make(x: Array, weight: Array, bias: Array | None) -> Array:
            out = np.empty(shape, dtype)
            _resident.run(plan, x, Operands(weight.reshape(matrix), bias_column(bias, groups, dtype)), out)
            return out

        return make

    def items(self, call: Call[SmallBlocks, Operands]) -> Items:
        """Return as many images as are taken at once."""
        return [(first,) for first in range(0, len(call.out), call.plan.blocks.images)]

    def worker(self, call: Call[SmallBlocks, Operands], _: Workspace) -> Worker:
        """Return what convolves images from a first on, on a buffer of the thread's own."""
        plan, x, operands, out = call

        def make(item: Item) -> None:
            some = slice(item[0], item[0] + plan.blocks.images)
            _resident.run(plan, x[some], operands, out[some])

        return make


class _Program:
    """Views of one buffer for some images of a plan: padded planes, their windows, columns and sums."""

    def __init__(self, plan: Plan[SmallBlocks], images: int, workspace: Workspace) -> None:
        self.plan, self._images = plan, images
        problem, geometry, dtype = plan.problem, plan.problem.geometry, numpy_dtype(plan.problem.accumulator)
        (height, width), self._mode = geometry[-2:], plan.problem.padding_mode
        sizes, groups = image_sizes(problem, plan.blocks.pitch), geometry.groups
        self._flat_padded = workspace.take(images * sizes.padded + sizes.overhang, dtype=dtype)
        self._padded = self._flat_padded[: images * sizes.padded].reshape(
            images, geometry.in_channels, sizes.padded_rows, sizes.pitch
        )
        self._rows, self._columns = window_span(height, 0, height.output), window_span(width, 0, width.output)
        self._columns = self._columns._replace(length=sizes.pitch)
        self._windows = _windows(plan, self._flat_padded, self._padded)
        self._lowered = workspace.take(*self._windows.shape, dtype=dtype)
        self._matrices = self._lowered.reshape(images, groups, -1, sizes.pixels)
        self._sums = workspace.take(images, groups, geometry.out_channels // groups, sizes.pixels, dtype=dtype)
        self._outputs = _outputs(plan, self._sums, sizes.pitch)
        self._direct = plan.blocks.pitch is None and problem.stores_directly
        # `np.dot` takes a microsecond less than `np.matmul`, and makes the same product.
        taps, filters = geometry.taps_per_output, self._sums.shape[2]
        self._single = images == groups == 1 and plan.blocks.tile is None and min(taps, filters, sizes.pixels) > 1
        self._matrix, self._real = self._matrices[0, 0], self._real_part()

    def _real_part(self) -> Array | None:
        """Return the part of the padded planes that takes the whole image; None where it is not so simple."""
        height, width = self.plan.problem.geometry[-2:]
        if self._mode != "zeros":
            return None
        real = self._padded[..., height.before : height.before + height.size, width.before : width.before + width.size]
        return real if real.shape[-2:] == (height.size, width.size) else None

    def clear(self) -> None:
        """Put zeros where padding is, which a run leaves as they are."""
        self._flat_padded[...] = 0

    def run(self, x: Array, operands: Operands, out: Array) -> None:
        """Fill `out` (images, out_channels, Ho, Wo)."""
        weight, bias = operands
        if self._real is not None:
            self._real[...] = x
        else:
            gather_real(x, self._mode, self._rows, self._columns, self._padded)
        np.copyto(self._lowered, self._windows)
        sums = out.reshape(self._sums.shape) if self._direct else self._sums
        if self._single:
            np.dot(weight[0], self._matrix, sums[0, 0])
        else:
            multiply(weight, self._matrices, sums, self.plan.blocks.tile)
        if bias is not None:
            sums += bias
        if not self._direct:
            store(self._outputs, out)


def _windows(plan: Plan[SmallBlocks], flat: Array, padded: Array) -> Array:
    """Return a view of the windows of `padded`, whose buffer is `flat`.

    It is (images, channels, kh, kw, rows, columns), or all pixels in a row.
    """
    height, width = plan.problem.geometry[-2:]
    image, channel, row, element = padded.strides
    shape = [*padded.shape[:2], height.kernel, width.kernel]
    strides = [image, channel, height.dilation * row, width.dilation * element]
    if plan.blocks.pitch is None:
        shape += [height.output, width.output]
        strides += [height.stride * row, width.stride * element]
    else:
        shape.append((height.output - 1) * plan.blocks.pitch + width.output)
        strides.append(element)
    return np.ndarray(shape, flat.dtype, flat, 0, strides)


def _outputs(plan: Plan[SmallBlocks], sums: Array, pitch: int) -> Array:
    """Return the outputs among the sums, as (images, out_channels, Ho, Wo)."""
    geometry, element = plan.problem.geometry, sums.itemsize
    height, width, pixels = geometry.height.output, geometry.width.output, sums.shape[-1]
    row = width if plan.blocks.pitch is None else pitch
    shape, channel = (len(sums), geometry.out_channels, height, width), pixels * element
    return np.ndarray(shape, sums.dtype, sums, 0, (geometry.out_channels * channel, channel, row * element, element))


class _Resident(threading.local):
    """A buffer that a thread keeps from call to call, and the programs that use it, one at a time."""

    def __init__(self) -> None:
        self._buffer: Array | None = None
        self._programs: dict[tuple[int, int], _Program] = {}
        self._prepared_for: _Program | None = None
        self._busy = False

    def run(self, plan: Plan[SmallBlocks], x: Array, operands: Operands, out: Array) -> None:
        """Convolve `x` by the program for that number of images of the plan."""
        if self._busy:
            # A signal handler convolves while this thread does, on a buffer of its own.
            _Resident().run(plan, x, operands, out)
            return
        self._busy = True
        try:
            # Plans are compared as objects, which takes a tenth of the time; a program keeps its plan alive.
            program = self._programs.get((id(plan), len(x))) or self._new_program(plan, len(x))
            if self._prepared_for is not program:
                self._prepared_for = None
                program.clear()
                self._prepared_for = program
            program.run(x, operands, out)
        finally:
            self._busy = False

    def _new_program(self, plan: Plan[SmallBlocks], images: int) -> _Program:
        """Make a program, which holds no weights; sixteen are kept."""
        if self._buffer is None:
            self._buffer = np.empty(RESIDENT_BYTES + 4 * ALIGNMENT, np.uint8)
        for oldest in list(self._programs)[:-15]:
            self._programs.pop(oldest)
        program = _Program(plan, images, Workspace(self._buffer))
        self._programs[id(plan), images] = program
        return program


_resident = _Resident()
KERNEL: Kernel[SmallBlocks, Operands] = SmallKernel()
