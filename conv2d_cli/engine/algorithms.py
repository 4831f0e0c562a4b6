"""The algorithms there are: names, the element types each computes, and the module that holds its `convolve`.

A module's `convolve(plan, x, weight, bias, out)` fills `out` (N, out_channels, Ho, Wo) from `x` (N, in_channels, H, W).
"""

from __future__ import annotations

from typing import NamedTuple


class Algorithm(NamedTuple):
    """One way to work a convolution out. `compute_dtypes` maps each element type it takes to the one it sums in."""

    module: str
    uses_blas: bool
    compute_dtypes: dict[str, str]


# In the order of preference: the first that computes an element type is its default.
ALGORITHMS = {
    "im2col": Algorithm(
        module="conv2d_cli.engine.im2col",
        uses_blas=True,
        compute_dtypes={
            # Float32 GEMMs drift beyond the strict bound, on constant data at 32 products already: sum in float64.
            "float32": "float64",
            "float64": "float64",
            "float16": "float32",
            "bfloat16": "float32",
            "complex64": "complex128",
            "complex128": "complex128",
            # Sums of narrow integers are exact in float64.
            "int8": "float64",
            "uint8": "float64",
            "int16": "float64",
            "uint16": "float64",
        },
    ),
    "direct": Algorithm(
        module="conv2d_cli.engine.direct",
        uses_blas=False,
        # Unsigned arithmetic wraps modulo 2^bits, and two's complement makes it the signed result too.
        compute_dtypes={f"{sign}int{bits}": f"uint{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
    ),
}
