"""What is said of a file that was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.render.units import short_bytes, three_digits

if TYPE_CHECKING:
    from collections.abc import Sequence

_MILLISECOND = 1e-3


def written(path: str, shape: Sequence[int], dtype: str, size: int, seconds: float) -> str:
    """Return a line with the file, what is in it, and how long the convolution took.

    >>> written("y.npy", (1, 64, 112, 112), "float32", 3211264, 0.0146)
    'wrote y.npy  1x64x112x112 float32, 3.06 MiB in 14.6 ms'
    """
    took = f"{three_digits(seconds / _MILLISECOND)} ms" if seconds < 1 else f"{three_digits(seconds)} s"
    return f"wrote {path}  {'x'.join(map(str, shape))} {dtype}, {short_bytes(size)} in {took}"
