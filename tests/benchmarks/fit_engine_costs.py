"""Write the rates of PyTorch and ONNX Runtime from measurements on this machine: `conv2d_cli/backends/cost_table.py`.

Layers of all suites and others drawn at random are timed on one thread, in one process and in turn. Rates are in the
units of the table of NumPy's costs, whose machine may be another: they are scaled by how much longer that table tells
of NumPy's own convolutions than they take here. On a machine that does nothing else:

python tests/benchmarks/fit_engine_costs.py [--count 260] [--seed 7] [--save FILE] [--load FILE] [--dry]
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import math
import os
import statistics
import sys
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

os.environ["OPENBLAS_THREAD_TIMEOUT"] = "22"
sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import numpy as np
import onnxruntime
import torch
from stopwatch import Stopwatch
from suite_layers import all_suites
from timed_layers import Layer, draw_layers

from conv2d_cli.backends import cost_model, cost_table
from conv2d_cli.backends.base import Wanted
from conv2d_cli.backends.registry import backend_of
from conv2d_cli.cli.machine import processor_name
from conv2d_cli.engine.api import Parameters
from conv2d_cli.jobs.bench.case import class_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from conv2d_cli.backends.plan import EnginePlan
    from conv2d_cli.numpy_dtypes import Array

ROUNDS, ROUND_SECONDS = 4, 0.01
# Beyond this an error counts for what it is, not for its square: a few layers are slow for reasons of their own.
ROBUST = 0.15
# Nanoseconds from which on a layer counts for how the table of NumPy's costs compares with this machine.
LONG = 3e5
# Contenders: an engine, and whether parameters are prepared.
CONTENDERS = {
    "numpy": ("numpy", False),
    "numpy prepared": ("numpy", True),
    "torch": ("torch", False),
    "onnxruntime": ("onnxruntime", False),
    "onnxruntime prepared": ("onnxruntime", True),
}
# Rates that a way's first guess has, as `cost_table.Rates` names them.
GUESS = (5e3, 100.0, 0.1, 0.1, 0.1, 0.02, 0.2, 3.0)


class Timed(NamedTuple):
    """A layer, and the nanoseconds of its contenders."""

    layer: Layer
    nanoseconds: dict[str, float]


class Way(NamedTuple):
    """What an engine takes in one way: what the layers hold, and what they took."""

    amounts: Array
    nanoseconds: Array


def usual_groups() -> list[Layer]:
    """Return grouped and depthwise layers as networks have them, which are seldom drawn: groups that fill registers."""
    grouped = [
        (side, groups, channels, stride)
        for side, groups in ((14, 32), (28, 8), (56, 2), (28, 32), (7, 32))
        for channels in (16, 32)
        for stride in (1, 2)
    ]
    depthwise = [(side, channels) for side in (7, 14, 28, 56) for channels in (32, 96, 160, 384)]
    return [
        *(
            _square(f"grouped {number}", side, groups * channels, stride, groups)
            for number, (side, groups, channels, stride) in enumerate(grouped)
        ),
        *(
            _square(f"depthwise {number}", side, channels, 1, channels)
            for number, (side, channels) in enumerate(depthwise)
        ),
    ]


def _square(name: str, side: int, channels: int, stride: int, groups: int) -> Layer:
    return Layer(name, 1, channels, (side, side), channels, (3, 3), (stride, stride), (1, 1), groups=groups)


def plan_of(layer: Layer, name: str) -> Any:
    engine, is_prepared = CONTENDERS[name]
    wanted = Wanted(layer.geometry, accuracy="fast", threads=1, is_prepared=is_prepared)
    return backend_of(engine).plan(wanted)


def timed(layers: Sequence[Layer]) -> list[Timed]:
    found = []
    for number, layer in enumerate(layers, 1):
        x, weight = layer.arrays()
        calls: dict[str, Callable[[], object]] = {}
        for name, (engine, is_prepared) in CONTENDERS.items():
            execution = backend_of(engine).execution(plan_of(layer, name))
            if is_prepared:
                calls[name] = partial(execution, x, Parameters(weight, None))
            else:
                calls[name] = partial(_call_anew, execution, x, weight)
        seconds = Stopwatch(calls).run(ROUNDS, ROUND_SECONDS)
        found.append(Timed(layer, {name: 1e9 * value for name, value in seconds.items()}))
        if number % 50 == 0:
            print(f"{number} of {len(layers)} layers timed", file=sys.stderr)
    return found


def _call_anew(execution: Any, x: Array, weight: Array) -> object:
    return execution(x, Parameters(weight, None))


def scale_of(layers: Iterable[Timed]) -> float:
    """Return how many times longer NumPy's table of costs tells than this machine takes."""
    long = (one for one in layers if one.nanoseconds["numpy"] > LONG)
    ratios = [plan_of(one.layer, "numpy").nanoseconds / one.nanoseconds["numpy"] for one in long]
    return float(np.exp(np.median(np.log(ratios))))


def ways_of(layers: Iterable[Timed], scale: float) -> dict[tuple[str, str], Way]:
    """Return what was measured of each way of each engine, in the units of the table."""
    found: dict[tuple[str, str], list[tuple[tuple[int, ...], float]]] = defaultdict(list)
    for one in layers:
        for name, (engine, is_prepared) in CONTENDERS.items():
            if engine == "numpy":
                continue
            plan: EnginePlan = plan_of(one.layer, name)
            way = cost_model.way_of(plan, plan.inner)
            if is_prepared and way == cost_model.way_of(plan._replace(is_prepared=False), plan.inner):
                # It does as with parameters that are new, whose rates are enough.
                continue
            found[engine, way].append((cost_model.amounts(plan.inner, way), scale * one.nanoseconds[name]))
    return {
        key: Way(np.array([amounts for amounts, _ in rows], float), np.array([took for _, took in rows]))
        for key, rows in sorted(found.items())
    }


def fitted(way: Way) -> Array:
    """Return rates, none of them negative, moved one by one while the times that they tell come nearer."""
    rates = np.array(GUESS)
    rates[0] = 0.8 * way.nanoseconds.min()
    best, steps = _error(way, rates), np.full(len(rates), 4.0)
    while steps.max() > 1.005:
        for number in range(len(rates)):
            for step in (steps[number], 1 / steps[number], 0.0):
                moved = rates.copy()
                moved[number] *= step
                if (found := _error(way, moved)) < best - 1e-9:
                    best, rates = found, moved
                    break
            else:
                steps[number] = 1 + 0.7 * (steps[number] - 1)
    # What is never a hundredth of a time is no rate.
    told = way.amounts * rates
    rates[(told / told.sum(axis=1, keepdims=True)).max(axis=0) < 0.01] = 0
    return rates


def _error(way: Way, rates: Array) -> float:
    told = way.amounts @ rates
    if (told <= 0).any() or rates[0] < 0.5 * way.nanoseconds.min():
        return math.inf
    errors = np.abs(np.log(told / way.nanoseconds))
    return float(np.where(errors < ROBUST, errors**2 / (2 * ROBUST), errors - ROBUST / 2).mean())


def report(layers: Sequence[Timed], scale: float) -> None:
    """Print what the choice loses against the best engine, and what it gains over the best peer, class by class."""
    for kind, prepared in (("weights new at every call", False), ("prepared", True)):
        names = [
            "torch",
            *(name for name, (engine, kept) in CONTENDERS.items() if kept == prepared and engine != "torch"),
        ]
        peers = [name for name in names if not name.startswith("numpy")]
        gains: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for one in layers:
            told = {name: backend_of(CONTENDERS[name][0]).nanoseconds(plan_of(one.layer, name)) for name in names}
            chosen = one.nanoseconds[min(told, key=told.__getitem__)]
            peer = min(one.nanoseconds[name] for name in peers)
            best = min(one.nanoseconds[name] for name in names)
            gains[class_of(one.layer.geometry)].append((peer / chosen, peer / best))
        print(f"{kind}: the fastest peer's time over that of the choice, and over the best choice's")
        for name, pairs in gains.items():
            print(
                f"  {name} ({len(pairs)}): " + ", ".join(f"{_mean(values):.3f}" for values in zip(*pairs, strict=True))
            )
    for key, way in ways_of(layers, scale).items():
        errors = way.amounts @ np.array(cost_table.ENGINE_RATES[key]) / way.nanoseconds
        print(*key, f"({len(errors)})", "told / took at 10, 50, 90 %:", np.quantile(errors, [0.1, 0.5, 0.9]).round(2))


def _mean(values: Sequence[float]) -> float:
    return math.exp(statistics.fmean(map(math.log, values)))


def written(rates: dict[tuple[str, str], Array], machine: str, date: str, scale: float) -> str:
    lines = []
    for (engine, way), values in rates.items():
        words = ", ".join(f"{float(f'{value:.3g}'):g}" for value in values)
        lines.append(f'    ("{engine}", "{way}"): Rates({words}),\n')
    return f'''"""The rates of other engines, written by `tests/benchmarks/fit_engine_costs.py`.

Measured on {machine}, {date}, with torch {torch.__version__} and onnxruntime {onnxruntime.__version__}, and told in the
units of the table of NumPy's costs: {scale:.3g} times as long as they took.
"""

from typing import NamedTuple


class Rates(NamedTuple):
    """Nanoseconds for each kind of work of `cost_model.Amounts`, on one thread, in one way of an engine."""

    call: float
    problem: float
    input: float
    output: float
    weight: float
    multiply_add: float
    lowered: float
    run: float


ENGINE_RATES = {{
{"".join(lines)}}}
'''


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=260)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--save", type=Path, help="keep the times")
    parser.add_argument("--load", type=Path, help="take times that were kept")
    parser.add_argument("--dry", action="store_true", help="write nothing")
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.load:
        records = map(json.loads, given.load.read_text().splitlines())
        layers = [Timed(_layer(record["layer"]), record["nanoseconds"]) for record in records]
    else:
        more = [layer for layer in draw_layers(2 * given.count, given.seed + 1) if layer.groups > 1]
        layers = timed([*all_suites(), *usual_groups(), *draw_layers(given.count, given.seed), *more])
    if given.save:
        lines = (json.dumps({"layer": one.layer._asdict(), "nanoseconds": one.nanoseconds}) + "\n" for one in layers)
        given.save.write_text("".join(lines))
    scale = scale_of(layers)
    rates = {key: fitted(way) for key, way in ways_of(layers, scale).items()}
    cost_table.ENGINE_RATES.update({key: cost_table.Rates(*map(float, values)) for key, values in rates.items()})
    report(layers, scale)
    text = written(rates, processor_name(), dt.datetime.now(tz=dt.UTC).date().isoformat(), scale)
    if given.dry:
        print(text)
    else:
        Path(cost_table.__file__).write_text(text)


def _layer(fields: dict[str, Any]) -> Layer:
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()
    }
    return Layer(**values)


if __name__ == "__main__":
    main()
