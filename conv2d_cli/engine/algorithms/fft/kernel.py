"""Fourier transforms on arrays: blocks of the image that overlap by the kernel, spectra multiplied."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Literal

import numpy as np

from conv2d_cli.engine.algorithms.base import BlockKernel
from conv2d_cli.engine.blocks.operands import Operands
from conv2d_cli.engine.blocks.strips import Span, gather

if TYPE_CHECKING:
    from conv2d_cli.engine.algorithms.base import Call, Item, Items, Kernel, Worker
    from conv2d_cli.engine.algorithms.fft.planning import FftBlocks
    from conv2d_cli.engine.planning.plan import Plan
    from conv2d_cli.engine.runtime.workspace import Workspace
    from conv2d_cli.numpy_dtypes import Array


# Where nothing scales, NumPy 2 takes float32 through float64, six times as slow and with four times the memory.
_FORWARD: Literal["forward"] = "forward"


class FftKernel(BlockKernel):
    """Overlap-save."""

    def prepare(self, plan: Plan[FftBlocks], weight: Array, bias: Array | None) -> Operands:
        """Return the kernels' conjugate spectra (filters, channels, size, size // 2 + 1), and the bias (filters,).

        They are scaled for what both transforms together would scale.
        """
        size, (height, width) = plan.blocks.size, plan.problem.geometry[-2:]
        kernels = np.zeros((*weight.shape[:2], size, size), weight.dtype.newbyteorder("="))
        rows, columns = (slice(0, axis.effective_kernel, axis.dilation) for axis in (height, width))
        kernels[:, :, rows, columns] = weight
        spectra = np.fft.rfft2(kernels, norm=_FORWARD)
        # Blocks are scaled down too; both sizes are powers of two, so nothing rounds.
        spectra *= float(size) ** 4
        return Operands(np.conjugate(spectra, out=spectra), bias)

    def items(self, call: Call[FftBlocks, Operands]) -> Items:
        """Return blocks side by side: of an image, from an output row and column on."""
        (images, _, height, width), blocks = call.out.shape, call.plan.blocks
        return product(range(images), range(0, height, blocks.rows), range(0, width, blocks.together * blocks.columns))

    def worker(self, call: Call[FftBlocks, Operands], workspace: Workspace) -> Worker:
        """Return what transforms blocks and makes every filter of them."""
        plan, x, operands, out = call
        size, rows, columns, together = plan.blocks
        # Dense blocks: NumPy takes three times as long for the rows of overlapping ones.
        blocks = workspace.take(x.shape[1], together, size, size, dtype=out.dtype)

        def make(item: Item) -> None:
            image, top, left = item
            _gather_blocks(plan, x[image], top, left, blocks)
            transformed = np.fft.rfft2(blocks, norm=_FORWARD)
            targets = out[image, :, top : top + rows, left : left + together * columns]
            for number, target in enumerate(targets):
                _make_filter(transformed, operands, number, columns, target)

        return make


def _gather_blocks(plan: Plan[FftBlocks], image: Array, top: int, left: int, blocks: Array) -> None:
    """Fill `blocks` (channels, together, size, size), each as many columns on as one yields."""
    problem, size = plan.problem, plan.blocks.size
    down = Span(top - problem.geometry.height.before, 1, size)
    for place in range(plan.blocks.together):
        first = left + place * plan.blocks.columns - problem.geometry.width.before
        gather(image, problem.padding_mode, down, Span(first, 1, size), blocks[:, place])


def _make_filter(transformed: Array, operands: Operands, number: int, columns: int, target: Array) -> None:
    """Fill `target` (rows, columns of all blocks) from the spectra (channels, blocks, size, size // 2 + 1)."""
    kernels, bias = operands.weight[number], operands.bias
    sums = transformed[0] * kernels[0]
    for one, kernel in zip(transformed[1:], kernels[1:], strict=True):
        sums += one * kernel
    rows = np.fft.ifft(sums, axis=1)[:, : target.shape[0]]
    pixels = np.fft.irfft(rows, transformed.shape[2])
    if bias is not None:
        pixels += bias[number]
    for place, block in enumerate(pixels):
        part = target[:, place * columns : (place + 1) * columns]
        part[...] = block[:, : part.shape[1]]


KERNEL: Kernel[FftBlocks, Operands] = FftKernel()
