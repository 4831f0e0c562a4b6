"""`engine="auto"` beside PyTorch and ONNX Runtime called directly, in one process that has imported both.

Layers of all suites and others drawn at random, each contender in turn in every round, medians; weights new at every
call (a graph input of ONNX Runtime), then prepared (`prepare()`, an initializer). Printed is, for each class of layers,
the geometric mean of the fastest peer's time over ours, with NumPy alone, with `auto`, and with the best choice that
there was. Then what our layer adds to an engine's own call, on a layer so small that this is most of it.

python tests/benchmarks/engines.py [--count 100] [--seed 1] [--threads 1] [--rounds 5] [--worst 10]
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import sys
import timeit
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

# Threads of OpenBLAS spin for 2^28 clocks after a product, in the way of the next contender: let it be 2^22.
os.environ["OPENBLAS_THREAD_TIMEOUT"] = "22"
sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import onnxruntime
import torch
from markdown import print_table, print_verdict
from stopwatch import Stopwatch
from suite_layers import all_suites
from timed_layers import Layer, draw_layers

from conv2d_cli import Conv2d, conv2d, prepare
from conv2d_cli.backends.onnx_model import Tensor, model_of
from conv2d_cli.jobs.bench.case import CLASSES, FEW_CHANNELS, LARGE_PLANE, TINY, class_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conv2d_cli.numpy_dtypes import Array

# The least ratio that is wanted of a class, on one thread; of 3x3 layers on large planes only there.
LEAST, LEAST_OF = 0.95, {TINY: 0.6, FEW_CHANNELS: 4.0}
LEAST_LARGE_PLANE = 1.2
MOST_ADDED_MICROSECONDS = 5.0
ROUND_SECONDS = 0.01
# With several threads, seconds until those of another contender sleep.
PAUSE = 0.005
SMALL = Layer("4->4 3x3@8", 1, 4, (8, 8), 4, (3, 3), padding=(1, 1))
AUTO, NUMPY, PEERS = "auto", "numpy", ("torch", "onnxruntime")


class Contest(NamedTuple):
    """A layer, whether parameters were prepared, and the seconds of its contenders."""

    layer: Layer
    prepared: bool
    seconds: dict[str, float]

    @property
    def peer(self) -> float:
        return min(self.seconds[name] for name in PEERS)

    @property
    def best(self) -> float:
        return min(self.peer, self.seconds[NUMPY])


def session(layer: Layer, weight: Array | None, threads: int) -> Any:
    """Return ONNX Runtime's session of a layer, its weight a graph input where none is given."""
    attributes: dict[str, int | Sequence[int]] = {
        "kernel_shape": layer.kernel,
        "strides": layer.stride,
        "pads": layer.padding * 2,
        "dilations": layer.dilation,
        "group": layer.groups,
    }
    held = {} if weight is None else {"w": Tensor(weight.shape, 1, weight.tobytes())}
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    model = model_of(attributes, 1, ("x", "w"), held)
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def contenders(layer: Layer, threads: int, *, prepared: bool) -> dict[str, Callable[[], object]]:
    x, weight = layer.arrays()
    arguments, tensors = layer.arguments, (torch.from_numpy(x), torch.from_numpy(weight))
    calls: dict[str, Callable[[], object]] = {}
    for engine in (NUMPY, AUTO):
        how: dict[str, Any] = {"engine": engine, "accuracy": "fast", "threads": threads}
        if prepared:
            asked = Conv2d(layer.in_channels, layer.out_channels, layer.kernel, bias=False, **arguments)
            calls[engine] = partial(prepare(asked, weight, **how), x)
        else:
            calls[engine] = partial(conv2d, x, weight, **arguments, **how)
    calls["torch"] = partial(torch.nn.functional.conv2d, *tensors, None, *arguments.values())
    fed = {"x": x} if prepared else {"x": x, "w": weight}
    calls["onnxruntime"] = partial(session(layer, weight if prepared else None, threads).run, None, fed)
    return calls


def contest(layer: Layer, given: argparse.Namespace, *, prepared: bool) -> Contest:
    watch = Stopwatch(contenders(layer, given.threads, prepared=prepared), PAUSE if given.threads > 1 else 0.0)
    return Contest(layer, prepared, watch.run(given.rounds, ROUND_SECONDS))


def show(contests: Sequence[Contest], threads: int, worst: int) -> bool:
    """Print the means of each class and the layers where `auto` loses most; return whether all classes hold."""
    by_class: dict[str, list[Contest]] = defaultdict(list)
    for one in contests:
        by_class[class_of(one.layer.geometry)].append(one)
    rows, holds = [], True
    for name in CLASSES:
        some = by_class.get(name, [])
        if not some:
            continue
        means = [
            _mean([one.peer / one.seconds[NUMPY] for one in some]),
            _mean([one.peer / one.seconds[AUTO] for one in some]),
            _mean([one.peer / one.best for one in some]),
        ]
        least = LEAST_LARGE_PLANE if name == LARGE_PLANE and threads == 1 else LEAST_OF.get(name, LEAST)
        holds &= means[1] >= least
        rows.append([name, len(some), *(f"{mean:.2f}" for mean in means), least, "" if means[1] >= least else "behind"])
    print_table(["class", "layers", "numpy", "auto", "best choice", "wanted", ""], rows)
    losing = sorted(contests, key=lambda one: one.best / one.seconds[AUTO])[:worst]
    print_table(
        ["layer", *contests[0].seconds, "us"],
        [[one.layer.name, *(round(1e6 * value) for value in one.seconds.values()), ""] for one in losing],
    )
    return holds


def _mean(ratios: Sequence[float]) -> float:
    return math.exp(statistics.fmean(map(math.log, ratios)))


def added(threads: int) -> bool:
    """Print what our layer adds to the call of an engine, in microseconds; return whether that is little."""
    x, weight = SMALL.arrays()
    rows, most = [], 0.0
    for prepared in (False, True):
        direct = contenders(SMALL, threads, prepared=prepared)
        for engine in PEERS:
            how: dict[str, Any] = {"engine": engine, "threads": threads}
            ours: Callable[[], object] = partial(conv2d, x, weight, padding=1, **how)
            if prepared:
                ours = partial(prepare(Conv2d(4, 4, 3, padding=1, bias=False), weight, **how), x)
            times = [_microseconds(call) for call in (direct[engine], ours)]
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
    torch.set_num_threads(given.threads)
    torch.set_grad_enabled(False)
    layers = [*all_suites(), *draw_layers(given.count, given.seed)]
    holds = []
    for prepared in (False, True):
        print(f"## {'prepared' if prepared else 'weights new at every call'}, {given.threads} threads\n")
        contests = []
        for number, layer in enumerate(layers, 1):
            contests.append(contest(layer, given, prepared=prepared))
            if number % 50 == 0:
                print(f"{number} of {len(layers)}", file=sys.stderr)
        holds.append(show(contests, given.threads, given.worst))
    little = added(given.threads)
    print_verdict("every class at least as wanted", holds=all(holds))
    print_verdict(f"at most {MOST_ADDED_MICROSECONDS:.0f} us added to an engine's own call", holds=little)


if __name__ == "__main__":
    main()
