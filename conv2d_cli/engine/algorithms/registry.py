"""The algorithms by name: one line each. Kernels, which need NumPy, are loaded when they are first used."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from conv2d_cli.engine.algorithms.fft import planning as fft
from conv2d_cli.engine.algorithms.im2col import planning as im2col
from conv2d_cli.engine.algorithms.pointwise import planning as pointwise
from conv2d_cli.engine.algorithms.row_lowering import planning as row_lowering
from conv2d_cli.engine.algorithms.shifted import planning as shifted
from conv2d_cli.engine.algorithms.small import planning as small
from conv2d_cli.engine.algorithms.winograd import planning as winograd

if TYPE_CHECKING:
    from conv2d_cli.engine.algorithms.base import Kernel, Planner
    from conv2d_cli.engine.planning.plan import Plan

PLANNERS: dict[str, Planner[Any]] = {
    "pointwise": pointwise.PLANNER,
    "small": small.PLANNER,
    "im2col": im2col.PLANNER,
    "shifted": shifted.PLANNER,
    "row_lowering": row_lowering.PLANNER,
    "winograd": winograd.PLANNER,
    "fft": fft.PLANNER,
}


@cache
def kernel_of(algorithm: str) -> Kernel[Any, Any]:
    """Return the kernel of an algorithm: `KERNEL` in `kernel.py` of the folder that has its name."""
    kernel: Kernel[Any, Any] = import_module(f"{__package__}.{algorithm}.kernel").KERNEL
    return kernel


def exact_kernel(plan: Plan[Any]) -> Kernel[Any, Any]:
    """Return what carries an exact plan out, with any of the algorithms for its first sums."""
    kernel: Kernel[Any, Any] = import_module("conv2d_cli.engine.exact.kernel").ExactKernel(plan)
    return kernel
