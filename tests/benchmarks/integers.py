"""Convolutions of eight bits beside NumPy's own product of integers on the same lowering.

NumPy multiplies whole numbers without BLAS. Its columns are lowered before the clock starts, and both results are
compared. The layers are those of ResNet with 256 channels and their neighbours; every round times all of them in turn.

python tests/benchmarks/integers.py [--rounds 7] [--threads 1]
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from interleaved import medians
from markdown import print_table, print_verdict

from conv2d_cli import conv2d, conv2d_integer

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LEAST = 5.0
# Channels, and the side of the image.
SIZES = ((64, 56), (128, 28), (256, 14), (512, 7))


def lowered(x: np.ndarray[Any, Any], side: int) -> np.ndarray[Any, Any]:
    """Return the windows of a 3x3 layer padded by one as columns (K, pixels) of int32."""
    padded = np.pad(x[0].astype(np.int32), ((0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    return np.ascontiguousarray(windows.transpose(0, 3, 4, 1, 2).reshape(-1, side * side))


def contenders(channels: int, side: int, threads: int) -> dict[str, Callable[[], np.ndarray[Any, Any]]]:
    draw = np.random.default_rng(0)
    x = draw.integers(0, 255, (1, channels, side, side), np.uint8, endpoint=True)
    weight = draw.integers(-128, 127, (channels, channels, 3, 3), np.int8, endpoint=True)
    columns, matrix = lowered(x, side), weight.reshape(channels, -1).astype(np.int32)
    return {
        "integers": partial(conv2d_integer, x, weight, None, 1, 1, threads=threads),
        "numpy": partial(np.matmul, matrix, columns),
        "float32": partial(conv2d, x.astype("f4"), weight.astype("f4"), None, 1, 1, threads=threads),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    rows, ratios = [], dict[int, float]()
    for channels, side in SIZES:
        calls = contenders(channels, side, arguments.threads)
        np.testing.assert_array_equal(calls["integers"]().ravel(), calls["numpy"]().ravel())
        seconds = medians(calls, arguments.rounds)
        ratios[channels] = seconds["numpy"] / seconds["integers"]
        rows.append([f"{channels} 3x3@{side}", *(1e3 * value for value in seconds.values()), f"{ratios[channels]:.1f}"])
    print_table(["layer", "integers ms", "numpy ms", "float32 ms", "numpy / integers"], rows)
    print_verdict(
        f"256 channels are at least {LEAST:.0f} times as fast as NumPy's product ({ratios[256]:.1f})",
        holds=ratios[256] >= LEAST,
    )


if __name__ == "__main__":
    main()
