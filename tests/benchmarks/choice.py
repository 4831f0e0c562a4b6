"""The plan's choice against every algorithm by name, on layers drawn at random: how often it is as good as the best.

Both are carried out as `conv2d()` does it, interleaved. The choice's own algorithm is timed once, as the choice.
An algorithm that is 4 times slower than the fastest when first called is timed no more.

python tests/benchmarks/choice.py [--count 500] [--seed 0] [--threads 1] [--accuracy strict] [--log FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

# Threads of OpenBLAS spin for 2^28 clocks after a product, in the way of the next contender: let it be 2^22.
os.environ["OPENBLAS_THREAD_TIMEOUT"] = "22"
sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from markdown import print_table, print_verdict
from stopwatch import Stopwatch
from threadpoolctl import threadpool_limits
from timed_layers import Layer, draw_layers

from conv2d_cli.engine.api import ALGORITHMS, Execution, Parameters, Plan, plan
from conv2d_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

CLOSE, FAR, SHARE, HOPELESS = 1.15, 2.0, 0.92, 4.0
# With several threads, seconds until those of BLAS sleep.
PAUSE = 0.005
# Where the choice is behind after the first rounds, as many again twice over tell noise from a worse algorithm.
DOUBTFUL, MORE = 1.05, 2


class Contest(NamedTuple):
    """One layer: the algorithm chosen and the best one, and how many times longer the choice takes."""

    layer: Layer
    chosen: str
    best: str
    seconds: dict[str, float]

    @property
    def ratio(self) -> float:
        return self.seconds[self.chosen] / self.seconds[self.best]


def plans_of(layer: Layer, dtype: str, accuracy: str, threads: int) -> tuple[str, dict[str, Plan[Any]]]:
    """Return the algorithm that is chosen, and the plans of all that can do the layer, the choice's own among them."""
    plan_for = partial(plan, layer.geometry, dtype=dtype, accuracy=accuracy, threads=threads)
    choice = plan_for()
    plans = {choice.algorithm: choice}
    for name in ALGORITHMS:
        try:
            plans.setdefault(name, plan_for(algorithm=name))
        except UsageError:
            continue
    return choice.algorithm, plans


def contest(layer: Layer, accuracy: str, arguments: argparse.Namespace) -> Contest:
    chosen, plans = plans_of(layer, arguments.dtype, accuracy, arguments.threads)
    x, weight = layer.arrays(arguments.dtype)

    def call(execution: Execution) -> object:
        return execution(x, Parameters(weight, None))

    contenders = {name: partial(call, Execution(one)) for name, one in plans.items()}
    watch = Stopwatch(contenders, pause=PAUSE if arguments.threads > 1 else 0.0)
    watch.drop(HOPELESS, but=chosen)
    seconds = watch.run(arguments.rounds)
    for _ in range(MORE):
        if seconds[chosen] > DOUBTFUL * min(seconds.values()):
            seconds = watch.run(arguments.rounds)
    return Contest(layer, chosen, min(seconds, key=seconds.__getitem__), seconds)


def write(log: Path, accuracy: str, done: Contest) -> None:
    record = {"layer": done.layer._asdict(), "accuracy": accuracy, "chosen": done.chosen, "seconds": done.seconds}
    with log.open("a") as lines:
        lines.write(json.dumps(record) + "\n")


def show(accuracy: str, contests: Sequence[Contest], worst: int) -> bool:
    """Print how good the choice is and where it is worst; return whether the target holds."""
    contests = sorted(contests, key=lambda done: -done.ratio)
    share = sum(done.ratio <= CLOSE for done in contests) / len(contests)
    print(f"## accuracy {accuracy}: {len(contests)} layers\n")
    print(f"within {CLOSE - 1:.0%} of the best: {share:.1%}, worst ratio {contests[0].ratio:.2f}\n")
    chosen, best = (Counter(getattr(done, what) for done in contests) for what in ("chosen", "best"))
    print_table(
        ["algorithm", "chosen", "best", "chosen, not best"],
        (
            [name, chosen[name], best[name], sum(done.chosen == name != done.best for done in contests)]
            for name in sorted(chosen | best)
        ),
    )
    print_table(
        ["layer", "chosen", "ms", "best", "ms", "ratio"],
        (
            [
                done.layer.name,
                *(done.chosen, done.seconds[done.chosen] * 1e3),
                *(done.best, done.seconds[done.best] * 1e3),
                f"{done.ratio:.2f}",
            ]
            for done in contests[:worst]
        ),
    )
    return share >= SHARE and contests[0].ratio <= FAR


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--accuracy", nargs="*", default=["strict", "fast"])
    parser.add_argument("--worst", type=int, default=15, help="how many layers to list")
    parser.add_argument("--log", type=Path, help="append every layer with all its times, one JSON object a line")
    arguments = parser.parse_args()
    layers = draw_layers(arguments.count, arguments.seed)
    holds = []
    with threadpool_limits(arguments.threads, user_api="blas"):
        for accuracy in arguments.accuracy:
            contests = []
            for number, layer in enumerate(layers, 1):
                contests.append(contest(layer, accuracy, arguments))
                if arguments.log:
                    write(arguments.log, accuracy, contests[-1])
                if number % 50 == 0:
                    print(f"{accuracy}: {number} of {len(layers)}", file=sys.stderr)
            holds.append(show(accuracy, contests, arguments.worst))
    print_verdict(
        f"within {CLOSE - 1:.0%} of the best on {SHARE:.0%} of the layers, and never more than {FAR:.0f} times as long",
        holds=all(holds),
    )


if __name__ == "__main__":
    main()
