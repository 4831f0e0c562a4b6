"""A call of `conv2d` on tiny layers against the bare product of the lowered operands: what everything else costs.

The bare product is `np.matmul` of the weight (O, K) and ready columns (K, pixels) into a ready output.
In each round every contender in turn makes so many calls; the median of a round counts, and of the rounds the best.

python tests/benchmarks/overhead.py [--rounds 30] [--calls 300] [--threads 1]
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import timeit
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from markdown import print_table, print_verdict
from threadpoolctl import threadpool_limits
from timed_layers import Layer

from conv2d_cli import conv2d

if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 4.0
# The timer itself would be a tenth of one bare product.
AT_ONCE = 20
LAYERS = (
    Layer("16->16 3x3@8", 1, 16, (8, 8), 16, (3, 3), padding=(1, 1)),
    Layer("3->8 3x3@32", 1, 3, (32, 32), 8, (3, 3), padding=(1, 1)),
    Layer("8->8 3x3@5", 1, 8, (5, 5), 8, (3, 3), padding=(1, 1)),
    Layer("1->1 3x3@8", 1, 1, (8, 8), 1, (3, 3), padding=(1, 1)),
    Layer("16->16 1x1@7", 1, 16, (7, 7), 16, (1, 1)),
)


def contenders(layer: Layer) -> dict[str, Callable[[], object]]:
    x, weight = layer.arrays()
    geometry = layer.geometry
    taps, pixels = geometry.taps_per_output, math.prod(geometry.batched_output_shape[2:])
    columns = np.random.default_rng(1).standard_normal((taps, pixels), np.float32)
    matrix, out = weight.reshape(layer.out_channels, taps), np.empty((layer.out_channels, pixels), np.float32)
    calls: dict[str, Callable[[], object]] = {"matmul": partial(np.matmul, matrix, columns, out=out)}
    for accuracy in ("strict", "fast"):
        calls[accuracy] = partial(conv2d, x, weight, **layer.arguments, accuracy=accuracy)
    return calls


def best_medians(calls: dict[str, Callable[[], object]], rounds: int, count: int) -> dict[str, float]:
    medians: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            blocks = timeit.repeat(call, repeat=max(1, count // AT_ONCE), number=AT_ONCE)
            medians[name].append(statistics.median(blocks) / AT_ONCE)
    return {name: min(values) for name, values in medians.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--calls", type=int, default=300, help="calls in a round")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    rows, worst = [], 0.0
    with threadpool_limits(arguments.threads, user_api="blas"):
        for layer in LAYERS:
            seconds = best_medians(contenders(layer), arguments.rounds, arguments.calls)
            ratios = [seconds[accuracy] / seconds["matmul"] for accuracy in ("strict", "fast")]
            worst = max(worst, *ratios)
            rows.append(
                [layer.name, *(value * 1e6 for value in seconds.values()), *(f"{ratio:.2f}" for ratio in ratios)]
            )
    print_table(["layer", "matmul us", "strict us", "fast us", "strict / matmul", "fast / matmul"], rows)
    print_verdict(f"a call takes at most {MOST:.0f} times the bare product (worst {worst:.2f})", holds=worst <= MOST)


if __name__ == "__main__":
    main()
