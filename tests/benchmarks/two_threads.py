"""Two threads against one, layer by layer: where they cost, and what they gain on layers of a millisecond and more.

Medians of alternated pairs; a layer that takes more than 1.1 times as long is measured twice again, and counts if it
does so all three times.

python tests/benchmarks/two_threads.py [--count 300] [--seed 5] [--pairs 7] [--accuracy strict]
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from markdown import print_table, print_verdict
from suite_layers import all_suites
from timed_layers import draw_layers

from conv2d_cli import conv2d
from conv2d_cli.engine.api import ACCURACIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from timed_layers import Layer

    from conv2d_cli.engine.api import Accuracy

SLOWER, WORST, SHARE = 1.1, 1.25, 0.99
LONG_SECONDS, GAIN = 1e-3, 1.5
BLOCK_SECONDS, AGAIN = 0.01, 2


def seconds_of(call: Callable[[], object], number: int) -> float:
    times = []
    for _ in range(number):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def compared(layer: Layer, accuracy: Accuracy, pairs: int) -> tuple[float, float]:
    """Return the seconds on one thread, and how many times as long two take."""
    x, weight = layer.arrays()
    calls = [partial(conv2d, x, weight, **layer.arguments, accuracy=accuracy, threads=threads) for threads in (1, 2)]
    number = max(1, int(BLOCK_SECONDS / min(seconds_of(call, 2) for call in calls)))
    times = [[seconds_of(call, number) for call in calls] for _ in range(pairs)]
    one, two = zip(*times, strict=True)
    return statistics.median(one), statistics.median(two) / statistics.median(one)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--accuracy", choices=ACCURACIES, default="strict")
    given = parser.parse_args()
    rows, gains = [], []
    layers = all_suites() + draw_layers(given.count, given.seed)
    for layer in layers:
        one, ratio = compared(layer, given.accuracy, given.pairs)
        for _ in range(AGAIN):
            if ratio > SLOWER:
                ratio = min(ratio, compared(layer, given.accuracy, given.pairs)[1])
        rows.append((ratio, one, layer.name))
        if one >= LONG_SECONDS:
            gains.append(1 / ratio)
    rows.sort(reverse=True)
    print_table(
        ["layer", "one thread, ms", "two / one"], ([name, one * 1e3, f"{ratio:.2f}"] for ratio, one, name in rows[:15])
    )
    fine = sum(ratio <= SLOWER for ratio, *_ in rows) / len(rows)
    gain = math.exp(statistics.fmean(map(math.log, gains)))
    print(
        f"{len(rows)} layers, {fine:.1%} take at most {SLOWER} times as long on two threads, the worst {rows[0][0]:.2f}"
    )
    print(f"{len(gains)} layers of a millisecond and more are {gain:.2f} times as fast")
    print_verdict("two threads never cost", holds=fine >= SHARE and rows[0][0] <= WORST and gain >= GAIN)


if __name__ == "__main__":
    main()
