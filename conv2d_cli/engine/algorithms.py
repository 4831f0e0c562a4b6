"""The algorithms there are: what each takes, and the two modules that hold it.

A layout module's `lay_out(task)` says on integers how it would go through a task, or None where it cannot. An
algorithm's `prepare(plan, weight, bias)` returns the parameters as it wants them, once for many inputs, and
`convolve(plan, x, parameters, out)` fills `out` (N, out_channels, Ho, Wo) from `x` (N, in_channels, H, W).
"""

from __future__ import annotations

from typing import NamedTuple

_FLOATS = frozenset({"float32", "float64", "float16", "bfloat16"})
_COMPLEX = frozenset({"complex64", "complex128"})
_INTEGERS = frozenset(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))


class Algorithm(NamedTuple):
    """One way to work a convolution out.

    `mixes_pixels` says that an output is made of more than its own window: it keeps the bound of `fast` alone.
    `wraps` says that it sums in unsigned integers.
    """

    module: str
    layout: str
    dtypes: frozenset[str]
    mixes_pixels: bool = False
    wraps: bool = False


def _algorithm(
    name: str, dtypes: frozenset[str], *, mixes_pixels: bool = False, layout: str | None = None
) -> Algorithm:
    return Algorithm(
        f"conv2d_cli.engine.{name}",
        f"conv2d_cli.engine.layouts.{layout or name}",
        dtypes,
        mixes_pixels,
        wraps=name == "direct",
    )


ALGORITHMS = {
    "pointwise": _algorithm("pointwise", _FLOATS | _COMPLEX),
    "small": _algorithm("small", _FLOATS | _COMPLEX | _INTEGERS),
    "im2col": _algorithm("im2col", _FLOATS | _COMPLEX | _INTEGERS),
    "shifted": _algorithm("shifted", _FLOATS | _COMPLEX | _INTEGERS),
    "row_lowering": _algorithm("row_lowering", _FLOATS | _COMPLEX),
    "toeplitz": _algorithm("toeplitz", _FLOATS | _COMPLEX),
    "winograd": _algorithm("winograd", frozenset({"float32", "float64"}), mixes_pixels=True),
    "fft": _algorithm("fft", frozenset({"float32", "float64"}), mixes_pixels=True),
    "direct": _algorithm("direct", _INTEGERS, layout="im2col"),
}
