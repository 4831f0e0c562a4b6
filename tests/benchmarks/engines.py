"""`engine="auto"` beside PyTorch and ONNX Runtime called directly, in processes that have imported both and take turns.

Layers of all suites and others drawn at random, medians of the rounds; weights new at every call (a graph input of ONNX
Runtime), then prepared (`prepare()`, an initializer). Printed is, for each class of layers, the geometric mean of the
fastest peer's time over ours, with NumPy alone, with `auto`, and with the best choice that there was. Then what our
layer adds to an engine's own call on arrays, on a layer so small that this is most of it.

python tests/benchmarks/engines.py [--count 100] [--seed 1] [--threads 1] [--rounds 5] [--worst 10]
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import timeit
from collections import defaultdict
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

# Threads of OpenBLAS spin for 2^28 clocks after a product, in the way of the next contender: let it be 2^22.
os.environ["OPENBLAS_THREAD_TIMEOUT"] = "22"
sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import torch
from contenders import Contender, seconds_of
from markdown import print_table, print_verdict
from suite_layers import all_suites
from timed_layers import Layer, draw_layers
from timed_process import onnxruntime_call

from conv2d_cli import Conv2d, conv2d, prepare
from conv2d_cli.jobs.bench.case import CLASSES, FEW_CHANNELS, LARGE_PLANE, TINY, class_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


# The least ratio that is wanted of a class, on one thread; of 3x3 layers on large planes only there.
LEAST, LEAST_OF = 0.95, {TINY: 0.6, FEW_CHANNELS: 4.0}
LEAST_LARGE_PLANE = 1.2
MOST_ADDED_MICROSECONDS = 5.0
SMALL = Layer("4->4 3x3@8", 1, 4, (8, 8), 4, (3, 3), padding=(1, 1))
AUTO, NUMPY, PEERS = "auto", "numpy", ("torch", "onnxruntime")
# What contenders are in `timed_process.py`, with parameters that are new at every call, and prepared.
KINDS = {
    False: {NUMPY: "conv2d", AUTO: "auto", "torch": "torch", "onnxruntime": "onnxruntime"},
    True: {NUMPY: "prepared", AUTO: "auto prepared", "torch": "torch", "onnxruntime": "initializers"},
}


class Contest(NamedTuple):
    """A layer, and the seconds of its contenders."""

    layer: Layer
    seconds: dict[str, float]

    @property
    def peer(self) -> float:
        return min(self.seconds[name] for name in PEERS)

    @property
    def best(self) -> float:
        return min(self.peer, self.seconds[NUMPY])


def contests(layers: Sequence[Layer], given: argparse.Namespace, *, prepared: bool) -> list[Contest]:
    with ExitStack() as stack:
        processes = [
            stack.enter_context(Contender(name, kind, given.threads)) for name, kind in KINDS[prepared].items()
        ]
        done = []
        for number, layer in enumerate(layers, 1):
            times = seconds_of(processes, layer, accuracy="fast", rounds=given.rounds, threads=given.threads)
            done.append(Contest(layer, dict(zip(KINDS[prepared], times, strict=True))))
            if number % 50 == 0:
                print(f"{number} of {len(layers)}", file=sys.stderr)
    return done


def show(done: Sequence[Contest], threads: int, worst: int) -> bool:
    """Print the means of each class and the layers where `auto` loses most; return whether all classes hold."""
    by_class: dict[str, list[Contest]] = defaultdict(list)
    for one in done:
        by_class[class_of(one.layer.geometry)].append(one)
    rows, holds = [], True
    for name in CLASSES:
        some = by_class.get(name, [])
        if not some:
            continue
        means = [
            statistics.geometric_mean([one.peer / one.seconds[NUMPY] for one in some]),
            statistics.geometric_mean([one.peer / one.seconds[AUTO] for one in some]),
            statistics.geometric_mean([one.peer / one.best for one in some]),
        ]
        least = LEAST_LARGE_PLANE if name == LARGE_PLANE and threads == 1 else LEAST_OF.get(name, LEAST)
        holds &= means[1] >= least
        rows.append([name, len(some), *(f"{mean:.2f}" for mean in means), least, "" if means[1] >= least else "behind"])
    print_table(["class", "layers", "numpy", "auto", "best choice", "wanted", ""], rows)
    losing = sorted(done, key=lambda one: one.best / one.seconds[AUTO])[:worst]
    print_table(
        ["layer", *done[0].seconds, "us"],
        [[one.layer.name, *(round(1e6 * value) for value in one.seconds.values()), ""] for one in losing],
    )
    return holds


def added(threads: int) -> bool:
    """Print what our layer adds to the call of an engine on arrays, in microseconds; return whether that is little."""
    x, weight = SMALL.arrays()
    asked = {**SMALL.arguments, "accuracy": "strict"}
    torch.set_num_threads(threads)
    torch.set_grad_enabled(False)

    def torch_on_arrays() -> object:
        tensors = torch.from_numpy(x), torch.from_numpy(weight)
        return torch.nn.functional.conv2d(*tensors, None, *SMALL.arguments.values()).numpy()

    tensor = torch.from_numpy(weight)

    def torch_prepared() -> object:
        return torch.nn.functional.conv2d(torch.from_numpy(x), tensor, None, *SMALL.arguments.values()).numpy()

    direct: dict[tuple[str, bool], Callable[[], object]] = {
        ("torch", False): torch_on_arrays,
        ("torch", True): torch_prepared,
        ("onnxruntime", False): onnxruntime_call(x, weight, asked, threads),
        ("onnxruntime", True): onnxruntime_call(x, weight, asked, threads, packed=True),
    }
    rows, most = [], 0.0
    for (engine, prepared), own in direct.items():
        how: dict[str, Any] = {"engine": engine, "threads": threads}
        ours: Callable[[], object] = partial(conv2d, x, weight, **SMALL.arguments, **how)
        if prepared:
            ours = partial(prepare(Conv2d(4, 4, 3, bias=False, **SMALL.arguments), weight, **how), x)
        times = [_microseconds(call) for call in (own, ours)]
        rows.append([engine, "prepared" if prepared else "new", *(f"{time:.1f}" for time in times)])
        most = max(most, times[1] - times[0])
    print_table(["engine", "weights", "its own call us", "ours us"], rows)
    print(f"at most {most:.1f} us are added")
    return most <= MOST_ADDED_MICROSECONDS


def _microseconds(call: Callable[[], object]) -> float:
    return 1e6 * min(statistics.median(timeit.repeat(call, repeat=15, number=20)) / 20 for _ in range(10))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--worst", type=int, default=10)
    given = parser.parse_args()
    layers = [*all_suites(), *draw_layers(given.count, given.seed)]
    holds = []
    for prepared in (False, True):
        print(f"## {'prepared' if prepared else 'weights new at every call'}, {given.threads} threads\n")
        holds.append(show(contests(layers, given, prepared=prepared), given.threads, given.worst))
    little = added(given.threads)
    print_verdict("every class at least as wanted", holds=all(holds))
    print_verdict(f"at most {MOST_ADDED_MICROSECONDS:.0f} us added to an engine's own call", holds=little)


if __name__ == "__main__":
    main()
