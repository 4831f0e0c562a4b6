"""A worker of `conv2d bench` that only multiplies: what direct sums by NumPy's product of matrices start from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.jobs.bench.workers.asked import Prepared
from conv2d_cli.jobs.bench.workers.conv2d_engine import array_of, describe, peak_gflops

if TYPE_CHECKING:
    from conv2d_cli.jobs.bench.workers.asked import Asked
    from conv2d_cli.jobs.bench.workers.problem import Problem

    Array = np.ndarray[Any, Any]

__all__ = ["array_of", "describe", "peak_gflops", "prepare"]


def prepare(problem: Problem, _asked: Asked) -> Prepared:
    """Return the product of the weight and the columns, which are laid out beforehand."""
    geometry, groups = problem.geometry, problem.groups
    height, width = geometry.height, geometry.width
    padded = problem.padded(problem.x)
    image, channel, row, element = padded.strides
    shape = (geometry.batch, geometry.in_channels, height.kernel, width.kernel, height.output, width.output)
    windows = np.ndarray(
        shape,
        padded.dtype,
        padded,
        0,
        (
            image,
            channel,
            height.dilation * row,
            width.dilation * element,
            height.stride * row,
            width.stride * element,
        ),
    )
    columns = windows.reshape(geometry.batch, groups, geometry.taps_per_output, -1)
    weight = problem.weight.reshape(groups, -1, geometry.taps_per_output)
    return Prepared(lambda: np.matmul(weight, columns).reshape(geometry.batched_output_shape), None, "numpy")
