"""Write the engine's table of costs from measurements on this machine: `conv2d_cli/engine/planning/cost_table.py`.

First the rates of NumPy's own operations are measured, as `conv2d bench --calibrate` does. Then every candidate plan of
layers drawn at random is timed, and the rates are moved, one by one and a little at a time, as long as the times that
the cost model tells come nearer and the plans that it chooses better. On a machine that does nothing else:

python tests/benchmarks/fit_costs.py [--count 150] [--seed 7] [--seconds 120] [--threads 1] [--save FILE] [--load FILE]
"""

from __future__ import annotations

import argparse
import datetime as dt
import math
import os
import pickle
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

os.environ["OPENBLAS_THREAD_TIMEOUT"] = "22"
sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from suite_layers import all_suites
from threadpoolctl import threadpool_limits
from timed_layers import draw_layers

from conv2d_cli.cli.machine import processor_name
from conv2d_cli.engine.algorithms.registry import PLANNERS
from conv2d_cli.engine.executor import Execution, Parameters
from conv2d_cli.engine.planning import cost_table, planner
from conv2d_cli.engine.planning.candidate import parallelism
from conv2d_cli.engine.planning.plan import Plan
from conv2d_cli.engine.planning.problem import WORKSPACE_BYTES, Problem
from conv2d_cli.engine.runtime.blas import blas_name, unpacked_gemm
from conv2d_cli.jobs.bench.calibration import measured_costs

if TYPE_CHECKING:
    from conv2d_cli.engine.planning.cost_model import Costs
    from conv2d_cli.numpy_dtypes import Array

# Candidates that took so many times as long as the best when first called are timed no more.
HOPELESS = 2.5
ROUNDS, ROUND_SECONDS = 4, 0.008
TRANSFORMS = ("winograd", "fft")
# Rates that decide how threads share the work: fitted on several threads only, and those of one thread there never.
OF_THREADS = ("dispatch", "wait", "blas_dispatch")
WORDS = ("machine", "date")


class Timed(NamedTuple):
    """A problem, the images it was timed for, and the nanoseconds of its candidates."""

    name: str
    problem: Problem
    images: int
    candidates: list[tuple[str, tuple[object, ...], float]]


def timed(layers: list[Any], threads: int) -> list[Timed]:
    """Time every candidate of every layer."""
    found = []
    for number, layer in enumerate(layers, 1):
        geometry = layer.geometry
        problem = Problem(
            geometry._replace(batch=1),
            "zeros",
            "float32",
            "fast",
            threads,
            WORKSPACE_BYTES,
            unpacked_gemm(),
            cost_table.COSTS,
        )
        candidates = planner.candidates_of(problem)
        x, weight = layer.arrays()
        runs = []
        for candidate in candidates:
            fallback = planner.fallback_of(problem, candidate)
            run = Execution(Plan(geometry, "zeros", problem, candidate, fallback))
            run(x, Parameters(weight, None))
            runs.append((candidate, run, min(_seconds(run, x, weight, 1) for _ in range(2))))
        best = min(first for *_, first in runs)
        live = [(candidate, run, first) for candidate, run, first in runs if first <= HOPELESS * best]
        blocks: dict[int, list[float]] = {number: [] for number in range(len(live))}
        for _ in range(ROUNDS):
            for which, (_, run, first) in enumerate(live):
                blocks[which].append(_seconds(run, x, weight, max(1, int(ROUND_SECONDS / first))))
        seconds = {id(one[0]): min(blocks[which]) for which, one in enumerate(live)}
        rows = [(one.algorithm, one.blocks, 1e9 * seconds.get(id(one), first)) for one, _, first in runs]
        found.append(Timed(layer.name, problem, geometry.batch, rows))
        if number % 25 == 0:
            print(f"{number} of {len(layers)} layers timed", file=sys.stderr)
    return found


def _seconds(run: Execution, x: Array, weight: Array, calls: int) -> float:
    times = []
    for _ in range(calls):
        started = time.perf_counter()
        run(x, Parameters(weight, None))
        times.append(time.perf_counter() - started)
    # The least: other processes only ever add to it.
    return min(times)


def predicted(one: Timed, costs: Costs) -> list[float]:
    problem = one.problem._replace(costs=costs)
    return [
        parallelism(PLANNERS[name].work(problem, blocks), problem.threads, one.images, costs).nanoseconds
        for name, blocks, _ in one.candidates
    ]


def regrets(layers: list[Timed], told: list[list[float]]) -> dict[str, list[float]]:
    """Return, for both accuracies, how many times longer each choice takes than the best candidate."""
    found: dict[str, list[float]] = {"strict": [], "fast": []}
    for one, times in zip(layers, told, strict=True):
        for accuracy, ratios in found.items():
            allowed = [
                number
                for number, (name, *_) in enumerate(one.candidates)
                if accuracy == "fast" or name not in TRANSFORMS
            ]
            chosen = min(allowed, key=times.__getitem__)
            ratios.append(one.candidates[chosen][2] / min(one.candidates[number][2] for number in allowed))
    return found


def objective(layers: list[Timed], costs: Costs) -> float:
    """Return how far times are from what was measured, and how much choices lose: the less, the better."""
    told = [predicted(one, costs) for one in layers]
    error = weight = 0.0
    for one, times in zip(layers, told, strict=True):
        best = min(seconds for *_, seconds in one.candidates)
        for (_, _, seconds), estimate in zip(one.candidates, times, strict=True):
            share = (best / seconds) ** 1.5
            error += share * math.log(estimate / seconds) ** 2
            weight += share
    lost = sum(
        statistics.fmean(min(1.0, max(0.0, math.log(ratio) - 0.03)) for ratio in ratios)
        for ratios in regrets(layers, told).values()
    )
    return 0.25 * error / weight + 3 * lost


def fitted(layers: list[Timed], costs: Costs, names: list[str], seconds: float) -> Costs:
    """Return the rates, moved one by one while that makes the objective less."""
    best, steps, end = objective(layers, costs), dict.fromkeys(names, 1.6), time.monotonic() + seconds
    while time.monotonic() < end and max(steps.values()) > 1.02:
        for name in names:
            for step in (steps[name], 1 / steps[name]):
                value = getattr(costs, name) * step
                rate: dict[str, Any] = {name: value}
                moved = costs._replace(**rate)
                if (found := objective(layers, moved)) < best - 1e-6:
                    best, costs = found, moved
                    break
            else:
                steps[name] = 1 + 0.6 * (steps[name] - 1)
    return costs


def report(layers: list[Timed], costs: Costs) -> None:
    for accuracy, ratios in regrets(layers, [predicted(one, costs) for one in layers]).items():
        close = sum(ratio <= 1.15 for ratio in ratios) / len(ratios)
        mean = math.exp(statistics.fmean(map(math.log, ratios)))
        print(f"{accuracy}: {close:.1%} within 15 % of the best candidate, mean {mean:.3f}, worst {max(ratios):.2f}")


def written(costs: Costs) -> str:
    rates = {
        name: value if isinstance(value, (int, str)) else float(f"{value:.3g}")
        for name, value in costs._asdict().items()
    }
    fields = "".join(f"    {name}={value!r},\n" for name, value in rates.items()).replace("'", '"')
    return (
        '"""The rates of one machine, written by `tests/benchmarks/fit_costs.py`."""\n\n'
        f"from conv2d_cli.engine.planning.cost_model import Costs\n\nCOSTS = Costs(\n{fields})\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=150)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="start from the table that is there")
    parser.add_argument("--save", type=Path, help="keep the times")
    parser.add_argument("--load", type=Path, help="take times that were kept")
    parser.add_argument("--dry", action="store_true", help="write nothing")
    given = parser.parse_args()
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    with threadpool_limits(given.threads, user_api="blas"):
        machine = f"{processor_name()}, {blas_name()}"
        start = cost_table.COSTS._replace(machine=machine, date=today) if given.keep else measured_costs(machine, today)
        if given.load:
            layers = pickle.loads(given.load.read_bytes())  # noqa: S301 - our own file
        else:
            layers = timed(all_suites() + draw_layers(given.count, given.seed), given.threads)
    if given.save:
        given.save.write_bytes(pickle.dumps(layers))
    names = (
        list(OF_THREADS)
        if given.threads > 1
        else [name for name in start._fields if name not in (*OF_THREADS, *WORDS) and not name.endswith("bytes")]
    )
    report(layers, start)
    costs = fitted(layers, start, names, given.seconds)
    report(layers, costs)
    print(costs)
    if not given.dry:
        Path(cost_table.__file__).write_text(written(costs))


if __name__ == "__main__":
    main()
