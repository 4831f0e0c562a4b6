"""What `exact` costs: each layer of the suites with accuracy exact and strict, interleaved, on normal data.

python tests/benchmarks/exact.py [--suite NAME] [--dtype float32] [--threads 1] [--rounds 5]
"""

from __future__ import annotations

import argparse
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

os.environ["OPENBLAS_THREAD_TIMEOUT"] = "22"
sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from markdown import print_table, print_verdict
from stopwatch import Stopwatch
from suite_layers import all_suites, suite_layers
from threadpoolctl import threadpool_limits

from conv2d_cli import conv2d
from conv2d_cli.jobs.bench.figures import geometric_mean

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.engine.api import Accuracy

MEAN, MOST = 4.0, 12.0
ACCURACIES: tuple[Accuracy, ...] = ("strict", "exact")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--suite")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    rows, ratios = [], []
    with threadpool_limits(arguments.threads):
        for layer in suite_layers(arguments.suite) if arguments.suite else all_suites():
            x, weight = layer.arrays(arguments.dtype)
            options = {**layer.arguments, "threads": arguments.threads}
            calls: dict[str, Callable[[], object]] = {
                name: partial(conv2d, x, weight, **options, accuracy=name) for name in ACCURACIES
            }
            seconds = Stopwatch(calls).run(arguments.rounds)
            ratios.append(seconds["exact"] / seconds["strict"])
            milliseconds = [f"{1000 * seconds[name]:.3f}" for name in ACCURACIES]
            rows.append([layer.name, *milliseconds, f"{ratios[-1]:.2f}"])
    print_table(["layer", *ACCURACIES, "ratio"], rows)
    mean, most = geometric_mean(ratios) or 0.0, max(ratios)
    target = (
        f"exact takes {mean:.2f} x strict in the geometric mean (at most {MEAN:g}), {most:.2f} x (at most {MOST:g})"
    )
    print_verdict(target, holds=mean <= MEAN and most <= MOST)


if __name__ == "__main__":
    main()
