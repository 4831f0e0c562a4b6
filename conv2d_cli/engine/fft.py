"""Convolution by the fast Fourier transform: blocks of the image that overlap by the kernel, spectra multiplied.

Source: A. V. Oppenheim and R. W. Schafer, "Discrete-time signal processing", section 8.7 (overlap-save).
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from conv2d_cli.engine.bands import Span, gather
from conv2d_cli.engine.threads import share_out

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.engine.plan import Plan
    from conv2d_cli.engine.scratch import Scratch

    Array = np.ndarray[Any, Any]


# Where nothing scales, NumPy 2 takes float32 through float64, six times as slow and with four times the memory.
_FORWARD: Literal["forward"] = "forward"


def prepare(plan: Plan, weight: Array, bias: Array | None) -> tuple[Array, Array | None]:
    """Return the conjugate spectra of the kernels (filters, channels, size, size // 2 + 1), and the bias."""
    size, (height, width) = plan.layout.blocks.size, (plan.geometry.height, plan.geometry.width)
    kernels = np.zeros((*weight.shape[:2], size, size), weight.dtype.newbyteorder("="))
    rows, columns = (slice(0, axis.effective_kernel, axis.dilation) for axis in (height, width))
    kernels[:, :, rows, columns] = weight
    spectra = np.fft.rfft2(kernels, norm=_FORWARD)
    # Blocks are scaled down too; both sizes are powers of two, so nothing rounds.
    spectra *= float(size) ** 4
    return np.conjugate(spectra, out=spectra), bias


def convolve(plan: Plan, x: Array, parameters: tuple[Array, Array | None], out: Array) -> None:
    """Fill `out` (N, out_channels, Ho, Wo) from `x` (N, in_channels, H, W)."""
    (size, block_rows, block_columns, together), (spectra, bias) = plan.layout.blocks, parameters
    height, width = plan.geometry.height, plan.geometry.width
    step = together * block_columns

    def work_of(scratch: Scratch) -> Callable[[tuple[int, int, int]], None]:
        # Dense blocks: NumPy takes three times as long for the rows of overlapping ones.
        blocks = scratch.take(x.shape[1], together, size, size, dtype=out.dtype)

        def work(job: tuple[int, int, int]) -> None:
            image, top, left = job
            down = Span(top - height.before, 1, size)
            for place in range(together):
                across = Span(left + place * block_columns - width.before, 1, size)
                gather(x[image], plan.padding_mode, down, across, blocks[:, place])
            transformed = np.fft.rfft2(blocks, norm=_FORWARD)
            for number, target in enumerate(out[image, :, top : top + block_rows, left : left + step]):
                sums = transformed[0] * spectra[number, 0]
                for one, kernel in zip(transformed[1:], spectra[number, 1:], strict=True):
                    sums += one * kernel
                rows = np.fft.ifft(sums, axis=1)[:, : target.shape[0]]
                pixels = np.fft.irfft(rows, size)
                if bias is not None:
                    pixels += bias[number]
                for place, block in enumerate(pixels):
                    part = target[:, place * block_columns : (place + 1) * block_columns]
                    part[...] = block[:, : part.shape[1]]

        return work

    jobs = product(range(len(x)), range(0, out.shape[2], block_rows), range(0, out.shape[3], step))
    share_out(jobs, plan, work_of)
