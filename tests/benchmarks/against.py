"""This engine against an older one, torch and onnxruntime: layer by layer, in processes that take turns.

In every round each contender in turn makes as many calls as last a moment; the median of a round counts, and of the
rounds the median. Printed are geometric means, for each class of layers, of a contender's time over this engine's.

Where a process finds its arrays in memory may cost a layer half its speed. So the layers where this engine is behind
are timed twice again, in new processes; listed is the best of the three ratios, and the means are those of the first.

    python tests/benchmarks/against.py --count 200 --threads 1 --accuracy strict old=/path/to/old/bin/python
    python tests/benchmarks/against.py --count 0 torch onnxruntime prepared initializers

A contender is `torch`, `onnxruntime` (weights new at every call), `prepared` (this engine), `initializers` (onnxruntime
with weights packed beforehand), or NAME=PYTHON: the `conv2d` of another Python.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from contenders import Contender, seconds_of
from markdown import print_table
from suite_layers import all_suites
from timed_layers import draw_layers

from conv2d_cli.engine.api import ACCURACIES
from conv2d_cli.jobs.bench.case import CLASSES, class_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from timed_layers import Layer

OURS = "conv2d"
BEHIND, AGAIN = 0.9, 2
Ratios = tuple[float, ...]


class Compared(NamedTuple):
    """A layer, the milliseconds that this engine takes, and how many times as long each contender does."""

    layer: Layer
    milliseconds: float
    ratios: Ratios


def compared(layers: Sequence[Layer], given: argparse.Namespace) -> list[Compared]:
    """Time layers in processes of their own."""
    with ExitStack() as stack:
        contenders = [stack.enter_context(_contender(words, given.threads)) for words in (OURS, *given.contenders)]
        return [_compared(contenders, layer, given) for layer in layers]


def _contender(words: str, threads: int) -> Contender:
    name, _, python = words.partition("=")
    return Contender(name, OURS if python else name, threads, python or sys.executable)


def _compared(contenders: Sequence[Contender], layer: Layer, given: argparse.Namespace) -> Compared:
    how = {"accuracy": given.accuracy, "rounds": given.rounds, "threads": given.threads}
    ours, *others = seconds_of(contenders, layer, **how)
    return Compared(layer, ours * 1e3, tuple(other / ours for other in others))


def print_means(names: Sequence[str], done: Sequence[Compared]) -> None:
    classes: dict[str, list[Ratios]] = {name: [] for name in CLASSES}
    for one in done:
        classes[class_of(one.layer.geometry)].append(one.ratios)
    rows = [
        [name, len(ratios), *(f"{statistics.geometric_mean(column):.2f}" for column in zip(*ratios, strict=True))]
        for name, ratios in classes.items()
        if ratios
    ]
    print_table(["class", "layers", *names], rows)


def print_behind(names: Sequence[str], done: Sequence[Compared], given: argparse.Namespace) -> None:
    """List the layers where this engine is behind a contender each time."""
    for name, ratios in zip(names, zip(*(one.ratios for one in done), strict=True), strict=True):
        behind = {one.layer: ratio for one, ratio in zip(done, ratios, strict=True) if ratio < BEHIND}
        for _ in range(AGAIN if behind and not given.once else 0):
            alone = argparse.Namespace(**vars(given) | {"contenders": [given.contenders[names.index(name)]]})
            behind |= {one.layer: max(behind[one.layer], *one.ratios) for one in compared([*behind], alone)}
        last = sorted((ratio, layer.name) for layer, ratio in behind.items() if ratio < BEHIND)
        print(f"{name} is ahead on {len(last)} of {len(done)} layers by more than a tenth each time:\n")
        print_table(["ratio", "layer"], ([f"{ratio:.2f}", layer] for ratio, layer in last[: given.worst]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("contenders", nargs="+")
    parser.add_argument("--count", type=int, default=200, help="layers drawn at random, besides the suites")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--accuracy", choices=ACCURACIES, default="strict")
    parser.add_argument("--worst", type=int, default=15, help="how many layers to list where this engine is behind")
    parser.add_argument("--once", action="store_true", help="do not time those layers again")
    given = parser.parse_args()
    suites, drawn = all_suites(), draw_layers(given.count, given.seed)
    names = [words.partition("=")[0] for words in given.contenders]
    done = compared(suites + drawn, given)
    print(f"# Times over this engine's, accuracy {given.accuracy}, threads {given.threads}\n")
    parts = {"The suites": done[: len(suites)], "Layers drawn at random": done[len(suites) :], "All": done}
    for title, part in parts.items() if drawn else [("The suites", done)]:
        print(f"{title}\n")
        print_means(names, part)
    print_behind(names, done[: len(suites)], given)


if __name__ == "__main__":
    main()
